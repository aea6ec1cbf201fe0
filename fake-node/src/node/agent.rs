//! The loop of a process: news of Pods in, statuses out, one timer for all.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    hash::{Hash, Hasher},
    net::Ipv4Addr,
    sync::Arc,
    time::Duration,
};

use pod_lifecycle::{Clock, Timers, Timestamp, api::PodPhase};
use tokio::{
    sync::{mpsc::Receiver, watch},
    task::JoinSet,
};

use super::{
    api::{Api, Written, code},
    begin::Beginner,
    events::Events,
    life::Life,
    metrics::Metrics,
    place::{Addresses, Place},
    requests::Resources,
    seen::{Seen, Uid},
    stable_hash::StableHasher,
    watch::News,
};

/// How long the last writes may take when the process stops.
const LAST_WRITES: Duration = Duration::from_millis(700);

/// All Pods of all nodes of the process.
pub(super) struct Agent {
    api: Api,
    clock: Arc<dyn Clock + Send + Sync>,
    metrics: Arc<Metrics>,
    beginner: Beginner,
    rooms: BTreeMap<String, Room>,
    /// Each by itself: a map of large values is half empty.
    lives: BTreeMap<Uid, Box<Life>>,
    timers: Timers<Uid>,
    /// Pods of which something is to be written, in their turn.
    line: VecDeque<Uid>,
    writes: JoinSet<(Uid, Written)>,
    /// How many writes are under way at once.
    at_once: usize,
    events: Events,
}

/// One node with its Pods.
struct Room {
    place: Arc<Place>,
    addresses: Addresses,
    /// What each has asked for; Pods that are alike share it.
    pods: BTreeMap<Uid, Arc<Resources>>,
}

impl Agent {
    pub(super) fn new(
        api: Api,
        clock: Arc<dyn Clock + Send + Sync>,
        metrics: Arc<Metrics>,
        beginner: Beginner,
        places: &[Arc<Place>],
        at_once: usize,
    ) -> Agent {
        let room = |place: &Arc<Place>| Room {
            place: place.clone(),
            addresses: Addresses::new(place.pod_addresses),
            pods: BTreeMap::new(),
        };
        Agent {
            events: Events::start(&api, &metrics, places.len()),
            rooms: places.iter().map(|place| (place.name.clone(), room(place))).collect(),
            lives: BTreeMap::new(),
            timers: Timers::new(),
            line: VecDeque::new(),
            writes: JoinSet::new(),
            at_once,
            api,
            clock,
            metrics,
            beginner,
        }
    }

    /// Looks after the Pods until told to stop; then the last writes have a moment.
    pub(super) async fn run(mut self, mut news: Receiver<News>, mut stop: watch::Receiver<bool>) {
        loop {
            let now = self.clock.now();
            let due = self.timers.next().map(|at| at.since(now));
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                Some(written) = self.writes.join_next(), if !self.writes.is_empty() => {
                    if let Ok((uid, written)) = written {
                        self.on_written(&uid, written);
                    }
                }
                told = news.recv() => match told {
                    Some(told) => self.on_news(told),
                    None => break,
                },
                () = tokio::time::sleep(due.unwrap_or_default()), if due.is_some() => self.on_time(),
            }
        }
        let last_writes = async {
            while let Some(written) = self.writes.join_next().await {
                if let Ok((uid, written)) = written {
                    self.on_written(&uid, written);
                }
            }
        };
        if tokio::time::timeout(LAST_WRITES, last_writes).await.is_err() {
            tracing::warn!("not every status was written");
        }
    }

    fn on_news(&mut self, news: News) {
        match news {
            News::Applied(seen) => self.on_seen(*seen),
            News::Deleted(seen) => self.on_gone(&Uid::from(&*seen.pod.metadata.uid)),
            News::Listed(pods) => {
                let there: BTreeSet<&str> = pods.iter().map(|seen| &*seen.pod.metadata.uid).collect();
                let gone: Vec<Uid> = self.lives.keys().filter(|uid| !there.contains(&***uid)).cloned().collect();
                for uid in gone {
                    self.on_gone(&uid);
                }
                for seen in pods {
                    self.on_seen(seen);
                }
            }
        }
    }

    fn on_seen(&mut self, seen: Seen) {
        let (now, uid) = (self.clock.now(), Uid::from(&*seen.pod.metadata.uid));
        match self.lives.get_mut(&uid) {
            Some(life) => life.observe(now, &seen),
            None => self.begin(&uid, seen, now),
        }
        self.follow_up(&uid);
    }

    fn on_gone(&mut self, uid: &Uid) {
        if let Some(life) = self.lives.get_mut(uid) {
            life.remove(self.clock.now());
        }
        self.follow_up(uid);
    }

    fn on_time(&mut self) {
        let now = self.clock.now();
        while let Some(uid) = self.timers.pop_due(now) {
            if let Some(life) = self.lives.get_mut(&uid) {
                life.wake(now);
            }
            self.follow_up(&uid);
        }
    }

    fn begin(&mut self, uid: &Uid, seen: Seen, now: Timestamp) {
        let Some(room) = self.rooms.get_mut(&seen.pod.spec.node_name) else { return };
        let wanted = Resources::requested(&seen.pod);
        let ip = room.address_for(&seen);
        let begun = self.beginner.begin(seen, &room.place, &wanted, &room.used(&self.lives), ip, now);
        let is_addressed = begun.as_ref().is_ok_and(|life| life.ip().is_some());
        if let Some(ip) = ip.filter(|_| !is_addressed) {
            room.addresses.give_back(ip);
        }
        let life = match begun {
            Ok(life) => life,
            Err(error) => {
                tracing::error!(%uid, %error, "a Pod cannot be understood");
                return;
            }
        };
        room.take_in(uid, wanted);
        self.metrics.pods.add(1);
        self.lives.insert(uid.clone(), Box::new(life));
    }

    /// What has become of a write.
    fn on_written(&mut self, uid: &Uid, written: Written) {
        let now = self.clock.now();
        let Some(life) = self.lives.get_mut(uid) else { return };
        match written {
            Written::Seen(seen) => {
                life.writes.succeed();
                life.observe(now, &seen);
            }
            Written::Conflict(seen) => {
                life.observe(now, &seen);
                life.writes.retry(now, None);
                self.metrics.status_writes_retried.add(1);
            }
            Written::Deleted => {
                life.writes.succeed();
                self.metrics.pods_deleted.add(1);
            }
            // The watch will say so.
            Written::Gone => life.writes.stop(),
            Written::Later(after, error) => {
                match code(&error) {
                    Some(401 | 403) => tracing::warn!(pod = life.name(), %error, "a write is tried again"),
                    _ => tracing::debug!(pod = life.name(), %error, "a write is tried again"),
                }
                life.writes.retry(now, after);
                self.metrics.status_writes_retried.add(1);
            }
            Written::Refused(error) => {
                tracing::error!(pod = life.name(), %error, "a write is refused");
                life.writes.succeed();
                self.metrics.status_writes_refused.add(1);
            }
        }
        self.follow_up(uid);
    }

    /// After whatever has happened to a Pod: it is told, and what is to be written gets in line.
    fn follow_up(&mut self, uid: &Uid) {
        let Some(life) = self.lives.get_mut(uid) else { return };
        for event in life.take_told() {
            self.events.tell(&life.place, life.spec(), event);
        }
        if life.is_over() {
            self.forget(uid);
        } else {
            if life.writes.line_up() {
                self.line.push_back(uid.clone());
            }
            self.timers.set(uid.clone(), life.next());
        }
        self.write_in_turn();
    }

    /// Writes what waits in line, as much at once as is allowed: of each Pod what is newest when its turn has come.
    fn write_in_turn(&mut self) {
        while self.writes.len() < self.at_once
            && let Some(uid) = self.line.pop_front()
        {
            self.write(&uid);
        }
        if self.writes.is_empty() {
            self.events.go_on();
        }
    }

    fn write(&mut self, uid: &Uid) {
        let Some(life) = self.lives.get_mut(uid) else { return };
        life.writes.leave_line();
        if !life.writes.may_send() {
            return;
        }
        let (api, uid) = (self.api.clone(), uid.clone());
        let (namespace, name) = (life.spec().namespace().to_owned(), life.spec().name().to_owned());
        if std::mem::take(&mut life.writes.is_wanted)
            && let Some(patch) = life.patch()
        {
            let mut hasher = StableHasher::default();
            patch.hash(&mut hasher);
            if life.writes.is_repeated(hasher.finish(), life.kept.version) {
                // The server has not made of the last one what was meant: no faster than this.
                self.metrics.status_writes_ineffective.add(1);
                life.writes.retry(self.clock.now(), None);
                self.timers.set(uid, life.next());
                return;
            }
            life.writes.begin();
            self.metrics.status_writes.add(1);
            self.events.give_way();
            self.writes.spawn(async move {
                let written = api.patch_status(&namespace, &name, &patch).await;
                (uid, written)
            });
        } else if std::mem::take(&mut life.writes.wants_deletion) {
            life.writes.begin_deletion();
            self.writes.spawn(async move {
                let written = api.delete_pod(&namespace, &name, &uid).await;
                (uid, written)
            });
        }
    }

    fn forget(&mut self, uid: &Uid) {
        let Some(life) = self.lives.remove(uid) else { return };
        self.timers.set(uid.clone(), None);
        self.metrics.pods.add(-1);
        if let Some(room) = self.rooms.get_mut(&life.place.name) {
            room.pods.remove(uid);
            if let Some(ip) = life.ip() {
                room.addresses.give_back(ip);
            }
        }
    }
}

impl Room {
    /// The address that a Pod has already, or a new one; none if it is on the node's network.
    fn address_for(&mut self, seen: &Seen) -> Option<Ipv4Addr> {
        if seen.pod.spec.host_network {
            return None;
        }
        match seen.pod.status.pod_ip.parse() {
            Ok(ip) => {
                self.addresses.take(ip);
                Some(ip)
            }
            Err(_) => self.addresses.give(),
        }
    }

    fn take_in(&mut self, uid: &Uid, wanted: Resources) {
        let alike = self.pods.values().find(|known| ***known == wanted).cloned();
        self.pods.insert(uid.clone(), alike.unwrap_or_else(|| Arc::new(wanted)));
    }

    /// What is promised to Pods that have not ended.
    fn used(&self, lives: &BTreeMap<Uid, Box<Life>>) -> Resources {
        let mut used = Resources::default();
        for (uid, requests) in &self.pods {
            let phase = lives.get(uid).map(|life| life.phase());
            if phase.is_some_and(|phase: PodPhase| !phase.is_terminal()) {
                used.add(requests);
            }
        }
        used
    }
}
