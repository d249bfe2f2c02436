//! A picture that the graphics device draws once and frames show often. Owns its texture; what is drawn comes from
//! outside, and where no device was lent, or its surface is of another kind, there is none.

use egui::{ClippedPrimitive, Color32, Context, Id, TextureId, TextureOptions};
use egui_wgpu::{RenderState, ScreenDescriptor};

use crate::soft::Soft;

/// The device of a context.
#[derive(Clone)]
struct Lent(RenderState);

/// Lets whoever paints with a context draw into textures of the device that draws it.
pub fn lend(ctx: &Context, state: &RenderState) {
    ctx.data_mut(|data| data.insert_temp(Id::NULL, Lent(state.clone())));
}

fn lent(ctx: &Context) -> Option<RenderState> {
    let state = ctx.data(|data| data.get_temp::<Lent>(Id::NULL))?.0;
    // Colours of a texture are taken as they are; a surface that converts them would convert twice.
    (!state.target_format.is_srgb()).then_some(state)
}

/// A picture of the device.
#[derive(Default)]
pub struct Canvas {
    target: Option<Target>,
}

struct Target {
    ctx: Context,
    state: RenderState,
    view: wgpu::TextureView,
    size: [u32; 2],
    /// Whether it lets nothing through.
    is_opaque: bool,
    /// The same texture as the nearest texel, and smooth between texels.
    sharp: TextureId,
    smooth: TextureId,
}

impl Drop for Target {
    fn drop(&mut self) {
        let mut renderer = self.state.renderer.write();
        renderer.free_texture(&self.sharp);
        renderer.free_texture(&self.smooth);
        drop(renderer);
        self.ctx.with_plugin(|soft: &mut Soft| [self.sharp, self.smooth].map(|id| soft.forget(id)));
    }
}

impl std::fmt::Debug for Canvas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Canvas").field("size", &self.target.as_ref().map(|s| s.size)).finish()
    }
}

impl Canvas {
    /// Whether a picture of this size in pixels can be drawn.
    #[must_use]
    pub fn can(ctx: &Context, size: [u32; 2]) -> bool {
        let most = |state: RenderState| state.device.limits().max_texture_dimension_2d;
        lent(ctx).map(most).is_some_and(|most| size.iter().all(|side| (1..=most).contains(side)))
    }

    /// Draws over a colour; never waits for the device. False, and nothing is drawn, where a texture of the jobs has not
    /// reached the device yet: it will have by the next frame. A picture over a colour that lets nothing through is later
    /// copied over what lies below it, any other is laid over it.
    pub fn draw(
        &mut self,
        ctx: &Context,
        size: [u32; 2],
        pixels_per_point: f32,
        below: Color32,
        jobs: &[ClippedPrimitive],
    ) -> bool {
        let Some(state) = lent(ctx) else { return false };
        let has_come = ctx.with_plugin(|soft: &mut Soft| soft.has_textures(jobs));
        if !has_come.unwrap_or_else(|| has_textures(&state, jobs)) {
            return false;
        }
        let like = (size, below.is_opaque());
        if self.target.as_ref().is_none_or(|target| (target.size, target.is_opaque) != like) {
            self.target = Some(Target::new(ctx, state, like));
        }
        let Some(target) = &self.target else { return false };
        let soft = |soft: &mut Soft| soft.draw(&target.view, size, pixels_per_point, clear(below), jobs);
        if ctx.with_plugin(soft).is_none() {
            let screen = ScreenDescriptor { size_in_pixels: size, pixels_per_point };
            paint(&target.state, &target.view, &screen, below, jobs);
        }
        true
    }

    /// The texture: for a copy pixel by pixel, or smooth for one that is stretched.
    #[must_use]
    pub fn texture(&self, sharp: bool) -> Option<TextureId> {
        self.target.as_ref().map(|target| if sharp { target.sharp } else { target.smooth })
    }
}

fn has_textures(state: &RenderState, jobs: &[ClippedPrimitive]) -> bool {
    let renderer = state.renderer.read();
    jobs.iter().all(|job| match &job.primitive {
        egui::epaint::Primitive::Mesh(mesh) => renderer.texture(&mesh.texture_id).is_some(),
        egui::epaint::Primitive::Callback(_) => true,
    })
}

impl Target {
    fn new(ctx: &Context, state: RenderState, (size, is_opaque): ([u32; 2], bool)) -> Self {
        let [width, height] = size;
        let texture = state.device.create_texture(&wgpu::TextureDescriptor {
            label: None,
            size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: state.target_format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::TEXTURE_BINDING,
            view_formats: &[],
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let mut renderer = state.renderer.write();
        let sharp = renderer.register_native_texture(&state.device, &view, wgpu::FilterMode::Nearest);
        let smooth = renderer.register_native_texture(&state.device, &view, wgpu::FilterMode::Linear);
        drop(renderer);
        ctx.with_plugin(|soft: &mut Soft| {
            soft.adopt(sharp, &view, TextureOptions::NEAREST, is_opaque);
            soft.adopt(smooth, &view, TextureOptions::LINEAR, is_opaque);
        });
        Self { ctx: ctx.clone(), state, view, size, is_opaque, sharp, smooth }
    }
}

fn clear(color: Color32) -> wgpu::Color {
    let [r, g, b, a] = color.to_array().map(|c| f64::from(c) / 255.0);
    wgpu::Color { r, g, b, a }
}

/// Draws over a colour, and does not wait until it is done.
pub fn paint(
    state: &RenderState,
    view: &wgpu::TextureView,
    screen: &ScreenDescriptor,
    below: Color32,
    jobs: &[ClippedPrimitive],
) -> wgpu::SubmissionIndex {
    let RenderState { device, queue, .. } = state;
    let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
    let mut renderer = state.renderer.write();
    let mut commands = renderer.update_buffers(device, queue, &mut encoder, jobs, screen);
    {
        let attachment = wgpu::RenderPassColorAttachment {
            view,
            resolve_target: None,
            ops: wgpu::Operations { load: wgpu::LoadOp::Clear(clear(below)), store: wgpu::StoreOp::Store },
            depth_slice: None,
        };
        let pass =
            wgpu::RenderPassDescriptor { color_attachments: &[Some(attachment)], ..Default::default() };
        renderer.render(&mut encoder.begin_render_pass(&pass).forget_lifetime(), jobs, screen);
    }
    commands.push(encoder.finish());
    queue.submit(commands)
}
