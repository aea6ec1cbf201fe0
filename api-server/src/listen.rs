//! Serving on a port.

use std::{convert::Infallible, error::Error, io, net::SocketAddr, time::Duration};

use http::{Request, Response};
use hyper::{body::Incoming, server::conn::http1};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, ToSocketAddrs},
    task::{AbortHandle, JoinSet},
};
use tower_service::Service;

use super::ApiServer;

/// Delay after a failed accept.
const PAUSE: Duration = Duration::from_millis(10);

/// Listening server; dropping it ends all connections.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    task: AbortHandle,
}

impl Listening {
    /// Returns the address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves a service that stands before the server, such as one that answers further paths, as plain HTTP.
    ///
    /// # Errors
    ///
    /// The operating system's error if the port cannot be bound.
    pub async fn of<S, B>(service: S, address: impl ToSocketAddrs) -> io::Result<Listening>
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
        S::Future: Send,
        B: http_body::Body + Send + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(service, listener)).abort_handle();
        Ok(Listening { address, task })
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ApiServer {
    /// Serves plain HTTP without authentication; meant for the loopback address. Port 0 takes a free port.
    ///
    /// With it `kubectl --server http://ADDRESS` works: `get` (`-o wide`, `-w`), `describe`, `apply`, `delete`, `wait`.
    ///
    /// # Errors
    ///
    /// The operating system's error if the port cannot be bound.
    ///
    /// ```
    /// use pod_lifecycle_api_server::ApiServer;
    ///
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    /// # runtime.block_on(async {
    /// let listening = ApiServer::new().listen("127.0.0.1:0").await?;
    /// println!("kubectl --server http://{} get namespaces", listening.address());
    /// # Ok::<(), std::io::Error>(())
    /// # })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub async fn listen(&self, address: impl ToSocketAddrs) -> io::Result<Listening> {
        Listening::of(self.clone(), address).await
    }
}

/// Accepts connections.
async fn accept<S, B>(service: S, listener: TcpListener)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
    B: http_body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, or a client that went away: the next one may fare better.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let service = TowerToHyperService::new(service.clone());
        // A connection's error is the client's: there is nothing to do about it here.
        let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        connections.spawn(connection);
        while connections.try_join_next().is_some() {}
    }
}
