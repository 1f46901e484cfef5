//! Everything that changes while the emulator runs, behind one lock.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::access::Rules;
use crate::calls::Calls;
use crate::config::{Config, ServiceCredentials};
use crate::fault::Faults;
use crate::identity::{self, Account, Tokens};
use crate::seed::{self, SeedError};
use crate::store::Store;

/// What changes.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) store: Store,
    pub(crate) faults: Faults,
    pub(crate) calls: Calls,
    pub(crate) tokens: Tokens,
}

/// What all handlers share.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    pub(crate) accounts: Vec<Account>,
    /// `http://127.0.0.1:port`.
    pub(crate) base_url: String,
    pub(crate) client: reqwest::Client,
    world: Mutex<World>,
    /// Credentials for the service API by name; they survive a reset.
    credentials: Mutex<BTreeMap<String, ServiceCredentials>>,
}

/// A handle to what all handlers share.
pub(crate) type Shared = Arc<App>;

impl App {
    /// A seeded emulator that is not yet served.
    pub(crate) fn new(
        config: Config,
        base_url: String,
        client: reqwest::Client,
    ) -> Result<Self, SeedError> {
        let accounts = identity::accounts(&config, &Rules::load()?);
        let mut store = seed::load()?;
        identity::enrol(&mut store, &accounts);
        let credentials = config
            .service_api
            .iter()
            .map(|credentials| ("default".to_owned(), credentials.clone()))
            .collect();
        Ok(Self {
            config,
            accounts,
            base_url,
            client,
            world: Mutex::new(World {
                store,
                faults: Faults::default(),
                calls: Calls::default(),
                tokens: Tokens::default(),
            }),
            credentials: Mutex::new(credentials),
        })
    }

    /// The changing part; never held across an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Credentials for the service API under a name.
    pub(crate) fn credentials(&self, name: &str) -> Option<ServiceCredentials> {
        self.credentials
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(name)
            .cloned()
    }

    /// Sets credentials for the service API under a name.
    pub(crate) fn set_credentials(&self, name: &str, credentials: ServiceCredentials) {
        let mut all = self
            .credentials
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        all.insert(name.to_owned(), credentials);
    }

    /// Back to the seed: records, faults, calls and tokens.
    pub(crate) fn reset(&self) -> Result<(), SeedError> {
        let mut store = seed::load()?;
        identity::enrol(&mut store, &self.accounts);
        let mut world = self.world();
        world.store = store;
        world.faults.clear();
        world.calls.clear();
        world.tokens = Tokens::default();
        Ok(())
    }
}
