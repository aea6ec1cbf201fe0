//! The same server on a port.

use std::{io, net::SocketAddr, time::Duration};

use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, ToSocketAddrs},
    task::{AbortHandle, JoinSet},
};

use super::ApiServer;

/// How long to wait before the next connection is taken, if one could not be.
const PAUSE: Duration = Duration::from_millis(10);

/// A server that listens; it ends, with all its connections, when this is dropped.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    task: AbortHandle,
}

impl Listening {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl ApiServer {
    /// Answers on a port, in plain HTTP and to everybody: meant for the loopback address. Port 0 takes a free one.
    ///
    /// With it `kubectl --server http://ADDRESS` works: `get` (`-o wide`, `-w`), `describe`, `apply`, `delete`, `wait`.
    ///
    /// # Errors
    ///
    /// What the operating system says if it does not give the port.
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
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(self.clone(), listener)).abort_handle();
        Ok(Listening { address, task })
    }
}

/// Takes every connection; those that have ended are let go.
async fn accept(server: ApiServer, listener: TcpListener) {
    let mut connections = JoinSet::new();
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file descriptors, or a client that went away: the next one may fare better.
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let service = TowerToHyperService::new(server.clone());
        // An error of a connection is the client's end of it, and nobody's business here.
        let connection = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
        connections.spawn(connection);
        while connections.try_join_next().is_some() {}
    }
}
