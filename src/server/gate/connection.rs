//! What the gate and the exchanges of one connection share: how far it is in its sequence of requests and responses.

use std::cell::Cell;
use std::rc::Rc;

use crate::server::proxies::Peer;

/// Where a connection is in its sequence of requests and responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Waiting for a request head.
    Open,
    /// A head was released; the handler has not answered (actix-http may refuse it by itself).
    Released,
    /// The response is being written.
    Responding,
    /// The response is complete; some of it may not be written yet.
    Responded,
    /// Nothing more is released.
    Closed,
}

/// What the gate and the exchanges of one connection share.
pub(crate) struct Connection {
    peer: Peer,
    phase: Cell<Phase>,
    last: Cell<bool>,
}

impl Connection {
    pub(crate) fn new(peer: Peer) -> Rc<Self> {
        Rc::new(Self { peer, phase: Cell::new(Phase::Open), last: Cell::new(false) })
    }

    pub(super) fn phase(&self) -> Phase {
        self.phase.get()
    }

    pub(super) fn enter(&self, phase: Phase) {
        self.phase.set(phase);
    }

    /// The connection ends with the current response.
    pub(super) fn is_last(&self) -> bool {
        self.last.get()
    }

    pub(crate) fn peer(&self) -> Peer {
        self.peer
    }

    /// The handler has a response.
    pub(crate) fn respond(&self) {
        self.phase.set(Phase::Responding);
    }

    /// The connection ends with the current response: what follows the request's head is not a request.
    pub(crate) fn close_after_response(&self) {
        self.last.set(true);
    }

    /// The response is complete.
    pub(crate) fn responded(&self) {
        self.phase.set(Phase::Responded);
    }
}
