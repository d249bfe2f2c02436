//! Drawing where the graphics device is a program on the processor: the window's triangles with the least shaders that
//! draw them. Owns what that takes on such a device (pipelines, textures); a graphics processor never sees it.
//!
//! egui's shader holds a filter of its own beside the device's and dithers. A graphics processor steps over what is not
//! asked for; a software device works it out for every pixel. Colours are the same to the last bit but one, without the
//! noise that hides steps of a gradient.

mod cut;
mod ways;

use std::collections::HashMap;
use std::ops::Range;

use egui::epaint::{ImageData, ImageDelta, Mesh, Primitive, textures};
use egui::{ClippedPrimitive, Context, FullOutput, Rect, Shape, TextureId, TextureOptions, Vec2};
use egui_wgpu::{CallbackResources, CallbackTrait, RenderState};
use wgpu::util::DeviceExt as _;

use cut::{Cut, cut, mesh_of};
use ways::Ways;

/// Triangles of plain colour are drawn without a picture from this surface on, in pixels: fewer are not worth a change of
/// the pipeline.
const WORTH_PIXELS: f32 = 3000.0;

/// Installs the drawing for a context whose device is a program; does nothing for any other.
pub fn install(ctx: &Context, state: &RenderState) {
    let is_program = state.adapter.get_info().device_type == wgpu::DeviceType::Cpu;
    // Colours are taken as they are; a surface that converts them would convert twice.
    if is_program && !state.target_format.is_srgb() {
        ctx.add_plugin(Soft::new(state.clone()));
    }
}

/// The drawing.
pub(crate) struct Soft {
    state: RenderState,
    ways: Ways,
    screens: wgpu::BindGroupLayout,
    pictures: wgpu::BindGroupLayout,
    textures: HashMap<TextureId, Picture>,
    /// Of frames, and of pictures that are kept: written to by turns, so each has its own.
    rooms: [Room; 2],
    meter: Option<Meter>,
}

/// Memory of the device that triangles are written into, kept from one frame to the next.
#[derive(Default)]
struct Room {
    vertices: Option<wgpu::Buffer>,
    indices: Option<wgpu::Buffer>,
}

/// What the two parts of the work took by a clock: for a measurement.
struct Meter {
    clock: fn() -> f64,
    triangles: f64,
    device: f64,
}

struct Picture {
    texture: Option<wgpu::Texture>,
    bound: wgpu::BindGroup,
    is_opaque: bool,
}

/// A run of triangles.
struct Run {
    clip: Rect,
    way: Way,
    indices: Range<u32>,
    base: i32,
}

enum Way {
    Plain,
    Pictured(wgpu::BindGroup),
    Copied(wgpu::BindGroup),
}

/// A frame that is ready to be drawn.
struct Drawing {
    ways: Ways,
    screen: wgpu::BindGroup,
    vertices: wgpu::Buffer,
    indices: wgpu::Buffer,
    runs: Vec<Run>,
    pixels_per_point: f32,
}

impl egui::Plugin for Soft {
    fn debug_name(&self) -> &'static str {
        "soft"
    }

    #[expect(clippy::iter_over_hash_type, reason = "textures know nothing of each other")]
    fn output_hook(&mut self, ctx: &Context, output: &mut FullOutput) {
        let began = self.now();
        let shapes = std::mem::take(&mut output.shapes);
        let jobs = cut(ctx, shapes, output.pixels_per_point);
        let cut = self.now();
        for (id, deltas) in output.textures_delta.set.drain() {
            deltas.iter().for_each(|delta| self.update(id, delta));
        }
        let rect = ctx.viewport_rect();
        let meshes = jobs.iter().filter_map(Cut::mesh);
        if let Some(drawing) = self.prepare(FRAME, rect.size(), output.pixels_per_point, meshes) {
            let callback = egui_wgpu::Callback::new_paint_callback(rect, drawing);
            let shape = Shape::Callback(callback);
            output.shapes.push(egui::epaint::ClippedShape::new(rect, shape));
        }
        for id in output.textures_delta.free.drain() {
            self.textures.remove(&id);
        }
        let done = self.now();
        if let Some(meter) = &mut self.meter {
            meter.triangles += cut - began;
            meter.device += done - cut;
        }
    }
}

/// The places of the two rooms.
const FRAME: usize = 0;
const PICTURE: usize = 1;

impl Soft {
    fn new(state: RenderState) -> Self {
        let device = &state.device;
        let entry = |binding, ty| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::VERTEX_FRAGMENT,
            ty,
            count: None,
        };
        let layout = |entries: &[wgpu::BindGroupLayoutEntry]| {
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries })
        };
        let screens = layout(&[entry(
            0,
            wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: false,
                min_binding_size: None,
            },
        )]);
        let pictures = layout(&[
            entry(
                0,
                wgpu::BindingType::Texture {
                    sample_type: wgpu::TextureSampleType::Float { filterable: true },
                    view_dimension: wgpu::TextureViewDimension::D2,
                    multisampled: false,
                },
            ),
            entry(1, wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering)),
        ]);
        let ways = Ways::new(device, state.target_format, &screens, &pictures);
        let (textures, rooms) = (HashMap::new(), <[Room; 2]>::default());
        Self { ways, screens, pictures, textures, rooms, meter: None, state }
    }

    /// Measures its parts by a clock from now on.
    pub(crate) fn measure(&mut self, clock: fn() -> f64) {
        self.meter = Some(Meter { clock, triangles: 0.0, device: 0.0 });
    }

    /// What making triangles and handing them and pictures to the device took since this was asked last.
    pub(crate) fn took(&mut self) -> (f64, f64) {
        let Some(meter) = &mut self.meter else { return (0.0, 0.0) };
        (std::mem::take(&mut meter.triangles), std::mem::take(&mut meter.device))
    }

    fn now(&self) -> f64 {
        self.meter.as_ref().map_or(0.0, |meter| (meter.clock)())
    }

    /// Takes over a texture, or a part of one.
    fn update(&mut self, id: TextureId, delta: &ImageDelta) {
        let ImageData::Color(image) = &delta.image;
        let [width, height] = image.size.map(|side| u32::try_from(side).unwrap_or(0));
        let size = wgpu::Extent3d { width, height, depth_or_array_layers: 1 };
        if delta.pos.is_none() {
            let texture = self.state.device.create_texture(&wgpu::TextureDescriptor {
                label: None,
                size,
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format: wgpu::TextureFormat::Rgba8Unorm,
                usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
                view_formats: &[],
            });
            let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
            let bound = self.bind(&view, delta.options);
            self.textures.insert(id, Picture { texture: Some(texture), bound, is_opaque: false });
        }
        let Some(texture) = self.textures.get(&id).and_then(|picture| picture.texture.as_ref()) else {
            return;
        };
        let [x, y] = delta.pos.unwrap_or_default().map(|at| u32::try_from(at).unwrap_or(0));
        self.state.queue.write_texture(
            wgpu::TexelCopyTextureInfo {
                texture,
                mip_level: 0,
                origin: wgpu::Origin3d { x, y, z: 0 },
                aspect: wgpu::TextureAspect::All,
            },
            image.as_raw(),
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * width), rows_per_image: None },
            size,
        );
    }

    /// Knows a picture of the device's own, and whether it lets nothing through.
    pub(crate) fn adopt(
        &mut self,
        id: TextureId,
        view: &wgpu::TextureView,
        options: TextureOptions,
        is_opaque: bool,
    ) {
        let bound = self.bind(view, options);
        self.textures.insert(id, Picture { texture: None, bound, is_opaque });
    }

    /// Forgets it.
    pub(crate) fn forget(&mut self, id: TextureId) {
        self.textures.remove(&id);
    }

    /// Whether all that jobs show has come.
    pub(crate) fn has_textures(&self, jobs: &[ClippedPrimitive]) -> bool {
        jobs.iter().all(|job| match &job.primitive {
            Primitive::Mesh(mesh) => self.textures.contains_key(&mesh.texture_id),
            Primitive::Callback(_) => true,
        })
    }

    fn bind(&self, view: &wgpu::TextureView, options: TextureOptions) -> wgpu::BindGroup {
        let filter = |filter: textures::TextureFilter| match filter {
            textures::TextureFilter::Nearest => wgpu::FilterMode::Nearest,
            textures::TextureFilter::Linear => wgpu::FilterMode::Linear,
        };
        let wrap = match options.wrap_mode {
            textures::TextureWrapMode::ClampToEdge => wgpu::AddressMode::ClampToEdge,
            textures::TextureWrapMode::Repeat => wgpu::AddressMode::Repeat,
            textures::TextureWrapMode::MirroredRepeat => wgpu::AddressMode::MirrorRepeat,
        };
        let sampler = self.state.device.create_sampler(&wgpu::SamplerDescriptor {
            mag_filter: filter(options.magnification),
            min_filter: filter(options.minification),
            address_mode_u: wrap,
            address_mode_v: wrap,
            ..Default::default()
        });
        self.state.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &self.pictures,
            entries: &[
                wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::TextureView(view) },
                wgpu::BindGroupEntry { binding: 1, resource: wgpu::BindingResource::Sampler(&sampler) },
            ],
        })
    }

    /// Draws over a colour into a texture of the device; does not wait.
    pub(crate) fn draw(
        &mut self,
        view: &wgpu::TextureView,
        size: [u32; 2],
        pixels_per_point: f32,
        below: wgpu::Color,
        jobs: &[ClippedPrimitive],
    ) {
        #[expect(clippy::cast_precision_loss, reason = "pixels of a screen")]
        let points = Vec2::from(size.map(|side| side as f32 / pixels_per_point));
        let began = self.now();
        let drawing = self.prepare(PICTURE, points, pixels_per_point, jobs.iter().filter_map(mesh_of));
        let mut encoder =
            self.state.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let attachment = wgpu::RenderPassColorAttachment {
            view,
            resolve_target: None,
            ops: wgpu::Operations { load: wgpu::LoadOp::Clear(below), store: wgpu::StoreOp::Store },
            depth_slice: None,
        };
        let pass =
            wgpu::RenderPassDescriptor { color_attachments: &[Some(attachment)], ..Default::default() };
        {
            let mut pass = encoder.begin_render_pass(&pass);
            if let Some(drawing) = drawing {
                drawing.on(&mut pass, size);
            }
        }
        self.state.queue.submit([encoder.finish()]);
        let done = self.now();
        if let Some(meter) = &mut self.meter {
            meter.device += done - began;
        }
    }

    /// Brings triangles to the device; none where there are none.
    fn prepare<'a>(
        &mut self,
        room: usize,
        size: Vec2,
        pixels_per_point: f32,
        jobs: impl Iterator<Item = (Rect, &'a Mesh)>,
    ) -> Option<Drawing> {
        let mut runs = Vec::new();
        let mut meshes: Vec<&Mesh> = Vec::new();
        let (mut vertices, mut indices) = (0_usize, 0_usize);
        for (clip, mesh) in jobs {
            let Some(picture) = self.textures.get(&mesh.texture_id) else { continue };
            let base = i32::try_from(vertices).ok()?;
            let first = u32::try_from(indices).ok()?;
            for (range, is_plain) in parts(mesh, pixels_per_point) {
                let way = match (is_plain, picture.is_opaque) {
                    (true, _) => Way::Plain,
                    (false, true) => Way::Copied(picture.bound.clone()),
                    (false, false) => Way::Pictured(picture.bound.clone()),
                };
                let indices = first + range.start..first + range.end;
                runs.push(Run { clip, way, indices, base });
            }
            vertices += mesh.vertices.len();
            indices += mesh.indices.len();
            meshes.push(mesh);
        }
        if runs.is_empty() {
            return None;
        }
        let RenderState { device, queue, .. } = &self.state;
        let factors: [f32; 4] = [2.0 / size.x, 2.0 / size.y, 0.0, 0.0];
        let uniform = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: None,
            contents: bytemuck::cast_slice(&factors),
            usage: wgpu::BufferUsages::UNIFORM,
        });
        let screen = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &self.screens,
            entries: &[wgpu::BindGroupEntry { binding: 0, resource: uniform.as_entire_binding() }],
        });
        let room = self.rooms.get_mut(room)?;
        let all = meshes.iter().map(|mesh| bytemuck::cast_slice(&mesh.vertices));
        let vertices = fill(device, queue, &mut room.vertices, wgpu::BufferUsages::VERTEX, all)?;
        let all = meshes.iter().map(|mesh| bytemuck::cast_slice(&mesh.indices));
        let indices = fill(device, queue, &mut room.indices, wgpu::BufferUsages::INDEX, all)?;
        Some(Drawing { ways: self.ways.clone(), screen, vertices, indices, runs, pixels_per_point })
    }
}

/// Writes pieces one after the other into a buffer of the device, a larger one where they do not fit: without a list of
/// all of them in between, which would have to be copied and cleared again in every frame.
fn fill<'a>(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    kept: &mut Option<wgpu::Buffer>,
    usage: wgpu::BufferUsages,
    pieces: impl Iterator<Item = &'a [u8]> + Clone,
) -> Option<wgpu::Buffer> {
    let bytes = pieces.clone().map(<[u8]>::len).sum::<usize>() as u64;
    let buffer = match kept.take().filter(|buffer| buffer.size() >= bytes) {
        Some(buffer) => buffer,
        None => device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: bytes.next_power_of_two(),
            usage: usage | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        }),
    };
    let mut view = queue.write_buffer_with(&buffer, 0, wgpu::BufferSize::new(bytes)?)?;
    let mut at = 0;
    for piece in pieces {
        view.slice(at..at + piece.len()).copy_from_slice(piece);
        at += piece.len();
    }
    drop(view);
    Some(kept.insert(buffer).clone())
}

/// The runs of a mesh: those of plain colour that are worth it, and what lies between.
fn parts(mesh: &Mesh, pixels_per_point: f32) -> Vec<(Range<u32>, bool)> {
    let mut out: Vec<(Range<u32>, bool, f32)> = Vec::new();
    if mesh.texture_id != TextureId::default() {
        return vec![(0..u32::try_from(mesh.indices.len()).unwrap_or(0), false)];
    }
    let mut at = 0;
    for triangle in mesh.indices.chunks_exact(3) {
        let mut corners = triangle.iter().filter_map(|i| mesh.vertices.get(*i as usize));
        let is_plain = corners.clone().all(|v| v.uv == egui::epaint::WHITE_UV);
        let around = corners.by_ref().fold(Rect::NOTHING, |rect, v| rect.union(Rect::from_pos(v.pos)));
        let surface = around.area() * 0.5 * pixels_per_point * pixels_per_point;
        match out.last_mut() {
            Some((range, last, sum)) if *last == is_plain => {
                range.end = at + 3;
                *sum += surface;
            }
            _ => out.push((at..at + 3, is_plain, surface)),
        }
        at += 3;
    }
    let mut joined: Vec<(Range<u32>, bool)> = Vec::new();
    for (range, is_plain, surface) in out {
        // A picture's one white texel draws plain colour too.
        let is_plain = is_plain && surface >= WORTH_PIXELS;
        match joined.last_mut() {
            Some((last, kind)) if *kind == is_plain => last.end = range.end,
            _ => joined.push((range, is_plain)),
        }
    }
    joined
}

impl Drawing {
    fn on(&self, pass: &mut wgpu::RenderPass<'_>, size: [u32; 2]) {
        #[expect(clippy::cast_precision_loss, reason = "pixels of a screen")]
        let [width, height] = size.map(|side| side as f32);
        pass.set_viewport(0.0, 0.0, width, height, 0.0, 1.0);
        pass.set_vertex_buffer(0, self.vertices.slice(..));
        pass.set_index_buffer(self.indices.slice(..), wgpu::IndexFormat::Uint32);
        pass.set_bind_group(0, &self.screen, &[]);
        for run in &self.runs {
            let Some([x, y, width, height]) = scissor(run.clip, self.pixels_per_point, size) else {
                continue;
            };
            pass.set_scissor_rect(x, y, width, height);
            match &run.way {
                Way::Plain => pass.set_pipeline(&self.ways.plain),
                Way::Pictured(bound) => {
                    pass.set_pipeline(&self.ways.pictured);
                    pass.set_bind_group(1, bound, &[]);
                }
                Way::Copied(bound) => {
                    pass.set_pipeline(&self.ways.copied);
                    pass.set_bind_group(1, bound, &[]);
                }
            }
            pass.draw_indexed(run.indices.clone(), run.base, 0..1);
        }
    }
}

/// A clip rectangle in pixels, as egui rounds it; none where nothing is left.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the screen")]
fn scissor(clip: Rect, pixels_per_point: f32, [width, height]: [u32; 2]) -> Option<[u32; 4]> {
    let pixel = |at: f32, most: u32| ((at * pixels_per_point).round() as u32).min(most);
    let (left, right) = (pixel(clip.left(), width), pixel(clip.right(), width));
    let (top, bottom) = (pixel(clip.top(), height), pixel(clip.bottom(), height));
    (right > left && bottom > top).then(|| [left, top, right - left, bottom - top])
}

impl CallbackTrait for Drawing {
    fn paint(
        &self,
        info: egui::PaintCallbackInfo,
        pass: &mut wgpu::RenderPass<'static>,
        _resources: &CallbackResources,
    ) {
        self.on(pass, info.screen_size_px);
    }
}

#[cfg(test)]
mod tests {
    use egui::Color32;

    use super::*;

    #[test]
    fn large_plain_triangles_stand_apart_and_all_keep_their_order() {
        let square = |side: f32| Rect::from_min_size(egui::Pos2::ZERO, Vec2::splat(side));
        let mut mesh = Mesh::default();
        mesh.add_colored_rect(square(200.0), Color32::RED);
        mesh.add_rect_with_uv(square(10.0), square(0.5), Color32::RED);
        mesh.add_colored_rect(square(3.0), Color32::RED);
        mesh.add_rect_with_uv(square(10.0), square(0.5), Color32::RED);
        assert_eq!(parts(&mesh, 1.0), [(0..6, true), (6..24, false)]);
    }

    #[test]
    fn clips_are_whole_pixels_of_the_screen() {
        let size = [100, 50];
        assert_eq!(scissor(Rect::EVERYTHING, 1.0, size), Some([0, 0, 100, 50]));
        let rect = Rect::from_min_max(egui::pos2(-3.0, 10.2), egui::pos2(20.3, 70.0));
        assert_eq!(scissor(rect, 2.0, size), Some([0, 20, 41, 30]));
        assert_eq!(scissor(Rect::NOTHING, 1.0, size), None);
    }
}
