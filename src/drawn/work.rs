//! The thread that works out what shapes cover. Owns the thread and its two channels; the window never waits for it.

use std::sync::Arc;

use crossbeam_channel::TryRecvError;

use super::{Atlas, Cover, Drawn, DrawnFigures};
use crate::site::Site;
use crate::snapshot::{LonLatList, Snapshot};
use crate::workers::{self, Ends};

/// A shape to be looked at, with the buildings of now.
struct Wish {
    drawn: Arc<Drawn>,
    buildings: LonLatList,
}

/// Shapes and their covers, kept until they change.
#[derive(Default)]
pub struct Drawings {
    worker: Option<Ends<Wish, (Arc<Drawn>, Arc<Cover>)>>,
    asked: Option<Arc<Drawn>>,
    cover: Option<(Arc<Drawn>, Arc<Cover>)>,
    figures: Option<(Arc<Drawn>, u64, DrawnFigures)>,
}

impl std::fmt::Debug for Drawings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Drawings").field("asked", &self.asked).finish_non_exhaustive()
    }
}

impl Drawings {
    /// Looks for what came, asks for what is missing, and works out the figures of the shape where its cover is known.
    pub fn prepare(&mut self, site: &Arc<Site>, drawn: Option<&Arc<Drawn>>, snapshot: &Snapshot) {
        let Some(drawn) = drawn else {
            self.asked = None;
            self.cover = None;
            self.figures = None;
            return;
        };
        self.receive();
        let is_known = self.cover.as_ref().is_some_and(|(of, _)| of == drawn);
        let is_asked = self.asked.as_ref() == Some(drawn);
        if !is_known && !is_asked {
            self.ask(site, drawn, &snapshot.texture);
        }
        let is_fresh = self
            .figures
            .as_ref()
            .is_some_and(|(of, revision, _)| of == drawn && *revision == snapshot.revision);
        if is_known
            && !is_fresh
            && let Some((_, cover)) = &self.cover
        {
            let figures = DrawnFigures::new(site, &snapshot.figures, cover);
            self.figures = Some((Arc::clone(drawn), snapshot.revision, figures));
        }
    }

    /// The figures of a shape, once they are there.
    #[must_use]
    pub fn figures(&self, drawn: Option<&Arc<Drawn>>) -> Option<&DrawnFigures> {
        self.figures.as_ref().filter(|(of, _, _)| Some(of) == drawn).map(|(_, _, figures)| figures)
    }

    /// What a shape covers, once that is known.
    #[must_use]
    pub fn cover(&self, drawn: Option<&Arc<Drawn>>) -> Option<&Cover> {
        self.cover.as_ref().filter(|(of, _)| Some(of) == drawn).map(|(_, cover)| &**cover)
    }

    /// Whether an answer is on its way.
    #[must_use]
    pub fn is_pending(&self, drawn: Option<&Arc<Drawn>>) -> bool {
        drawn.is_some() && self.figures(drawn).is_none()
    }

    fn receive(&mut self) {
        let Some((_, answers)) = &self.worker else { return };
        loop {
            match answers.try_recv() {
                Ok(answer) => self.cover = Some(answer),
                Err(TryRecvError::Empty) => return,
                Err(TryRecvError::Disconnected) => {
                    log::error!("the thread for drawn shapes has ended");
                    self.worker = None;
                    self.asked = None;
                    return;
                }
            }
        }
    }

    fn ask(&mut self, site: &Arc<Site>, drawn: &Arc<Drawn>, buildings: &LonLatList) {
        if self.worker.is_none() {
            self.worker = start(Arc::clone(site));
        }
        let Some((wishes, _)) = &self.worker else { return };
        let wish = Wish { drawn: Arc::clone(drawn), buildings: Arc::clone(buildings) };
        // A full inbox: the next frame asks again, by then for the newest shape.
        if wishes.try_send(wish).is_ok() {
            self.asked = Some(Arc::clone(drawn));
        }
    }
}

fn start(site: Arc<Site>) -> Option<Ends<Wish, (Arc<Drawn>, Arc<Cover>)>> {
    let mut known: Option<(LonLatList, Atlas)> = None;
    workers::answering("shapes", 2, move |wish: Wish, inbox| {
        // Of several shapes that wait the last is the one that is looked at.
        let wish = inbox.try_iter().last().unwrap_or(wish);
        let same = known.as_ref().is_some_and(|(of, _)| Arc::ptr_eq(of, &wish.buildings));
        if !same {
            known = Some((Arc::clone(&wish.buildings), Atlas::new(&site, &wish.buildings)));
        }
        let (_, atlas) = known.as_ref()?;
        let cover = Arc::new(atlas.cover(&wish.drawn));
        Some((wish.drawn, cover))
    })
}
