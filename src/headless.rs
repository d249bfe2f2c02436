//! Pictures without a display: the same shapes as the window's, drawn by the same renderer into a texture. Owns the
//! graphics device of a run without a window.

use std::path::Path;
use std::time::Duration;

use egui::{ClippedPrimitive, Color32, Context, FullOutput, RawInput, Rect, Ui};
use egui_wgpu::{
    RenderState, RendererOptions, ScreenDescriptor, WgpuConfiguration, WgpuSetup, WgpuSetupCreateNew,
};

use crate::{canvas, soft};

/// Why no picture could be made.
#[derive(Debug, thiserror::Error)]
pub enum HeadlessError {
    /// No graphics device, not even a software one.
    #[error("{0}")]
    NoDevice(String),
    /// The device gave up.
    #[error("{0}")]
    Device(String),
    /// The file could not be written.
    #[error("{0}")]
    File(String),
}

/// The longest a picture may take on a slow software renderer.
const PATIENCE: Duration = Duration::from_mins(1);

/// One context without a window.
pub struct Headless {
    /// The context; give it fonts before the first frame.
    pub ctx: Context,
    width: u32,
    height: u32,
    time: f64,
}

impl std::fmt::Debug for Headless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Headless")
            .field("width", &self.width)
            .field("height", &self.height)
            .finish_non_exhaustive()
    }
}

impl Headless {
    /// A context of a size in pixels, one pixel per point.
    #[must_use]
    pub fn new(width: u32, height: u32) -> Self {
        Self { ctx: Context::default(), width, height, time: 0.0 }
    }

    /// Runs one frame, some seconds after the last, with events.
    #[expect(clippy::cast_precision_loss, reason = "pixels of a screen")]
    pub fn frame(
        &mut self,
        lapse_secs: f64,
        events: Vec<egui::Event>,
        ui: impl FnMut(&mut Ui),
    ) -> FullOutput {
        self.time += lapse_secs;
        let size = egui::vec2(self.width as f32, self.height as f32);
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(egui::Pos2::ZERO, size)),
            time: Some(self.time),
            max_texture_side: Some(8192),
            focused: true,
            events,
            ..RawInput::default()
        };
        self.ctx.run_ui(input, ui)
    }
}

/// Draws what a context put out.
pub struct Painter {
    state: RenderState,
    /// Whether it draws as a window does.
    is_window: bool,
}

impl std::fmt::Debug for Painter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Painter").finish_non_exhaustive()
    }
}

impl Painter {
    /// Wakes a graphics device: a real one where there is one, else a software one. Pictures are the same on every
    /// device, at the price of a slower shader.
    ///
    /// # Errors
    /// There is none.
    pub fn new() -> Result<Self, HeadlessError> {
        Self::with(RendererOptions::PREDICTABLE, false)
    }

    /// The same with the shaders of a window: for a measurement.
    ///
    /// # Errors
    /// There is none.
    pub fn as_window() -> Result<Self, HeadlessError> {
        Self::with(RendererOptions::default(), true)
    }

    fn with(options: RendererOptions, is_window: bool) -> Result<Self, HeadlessError> {
        let mut create = WgpuSetupCreateNew::without_display_handle();
        // OpenGL asks for a display server even when nothing is shown, and complains where there is none.
        create.instance_descriptor.backends.remove(wgpu::Backends::GL);
        let setup = WgpuSetup::CreateNew(create);
        let instance = pollster::block_on(setup.new_instance());
        let config = WgpuConfiguration { wgpu_setup: setup, ..WgpuConfiguration::default() };
        let created = RenderState::create(&config, &instance, None, options);
        let state = pollster::block_on(created).map_err(|err| HeadlessError::NoDevice(err.to_string()))?;
        Ok(Self { state, is_window })
    }

    /// Lets what is painted with a context keep drawings in textures of this device.
    pub fn lend(&self, ctx: &Context) {
        canvas::lend(ctx, &self.state);
        if self.is_window {
            soft::install(ctx, &self.state);
        }
    }

    /// Takes over changed textures (fonts); call for every frame.
    #[expect(clippy::iter_over_hash_type, reason = "textures do not depend on each other")]
    pub fn update_textures(&self, output: &mut FullOutput) {
        let mut renderer = self.state.renderer.write();
        for (id, deltas) in output.textures_delta.set.drain() {
            for delta in deltas {
                renderer.update_texture(&self.state.device, &self.state.queue, id, &delta);
            }
        }
        for id in output.textures_delta.free.drain() {
            renderer.free_texture(&id);
        }
    }

    /// Name and driver of the graphics device.
    #[must_use]
    pub fn device(&self) -> String {
        let info = self.state.adapter.get_info();
        format!("{}, {} {}", info.name, info.driver, info.driver_info)
    }

    /// Draws a frame and reads it back as rows of RGBA bytes.
    ///
    /// # Errors
    /// The device gave up.
    pub fn draw(&self, headless: &Headless, output: &FullOutput) -> Result<Vec<u8>, HeadlessError> {
        let jobs = headless.ctx.tessellate(output.shapes.clone(), 1.0);
        let target = self.target(headless);
        self.submit(&target, &jobs);
        self.read_back(&target)
    }

    /// A texture that frames are drawn into, as a window has one.
    #[must_use]
    pub fn target(&self, headless: &Headless) -> wgpu::Texture {
        self.state.device.create_texture(&wgpu::TextureDescriptor {
            label: None,
            size: wgpu::Extent3d { width: headless.width, height: headless.height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: self.state.target_format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        })
    }

    /// Has the device draw a frame, and does not wait for it.
    pub fn submit(&self, target: &wgpu::Texture, jobs: &[ClippedPrimitive]) -> wgpu::SubmissionIndex {
        let view = target.create_view(&wgpu::TextureViewDescriptor::default());
        let screen =
            ScreenDescriptor { size_in_pixels: [target.width(), target.height()], pixels_per_point: 1.0 };
        canvas::paint(&self.state, &view, &screen, Color32::BLACK, jobs)
    }

    /// Waits until a frame is drawn: for a measurement.
    ///
    /// # Errors
    /// The device gave up.
    pub fn wait(&self, submission: wgpu::SubmissionIndex) -> Result<(), HeadlessError> {
        let wait = wgpu::PollType::Wait { submission_index: Some(submission), timeout: Some(PATIENCE) };
        self.state.device.poll(wait).map_err(|err| HeadlessError::Device(err.to_string()))?;
        Ok(())
    }

    fn read_back(&self, texture: &wgpu::Texture) -> Result<Vec<u8>, HeadlessError> {
        let failed = |err: &dyn std::fmt::Display| HeadlessError::Device(err.to_string());
        let device = &self.state.device;
        let row_bytes = texture.width() * 4;
        // Rows of a copied texture start at multiples of 256 bytes.
        let padded = row_bytes.next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: u64::from(padded) * u64::from(texture.height()),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_texture_to_buffer(
            texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo {
                buffer: &buffer,
                layout: wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(padded),
                    rows_per_image: None,
                },
            },
            texture.size(),
        );
        let submission = self.state.queue.submit(std::iter::once(encoder.finish()));
        let (sender, mapped) = crossbeam_channel::bounded(1);
        buffer.slice(..).map_async(wgpu::MapMode::Read, move |result| {
            if sender.send(result).is_err() {
                log::debug!("nobody waits for the picture");
            }
        });
        device
            .poll(wgpu::PollType::Wait { submission_index: Some(submission), timeout: Some(PATIENCE) })
            .map_err(|err| failed(&err))?;
        mapped.recv().map_err(|err| failed(&err))?.map_err(|err| failed(&err))?;
        let bytes = buffer.slice(..).get_mapped_range().map_err(|err| failed(&err))?;
        let swap =
            matches!(texture.format(), wgpu::TextureFormat::Bgra8Unorm | wgpu::TextureFormat::Bgra8UnormSrgb);
        let mut out = Vec::with_capacity((row_bytes * texture.height()) as usize);
        for row in bytes.chunks_exact(padded as usize) {
            for pixel in row.chunks_exact(4).take(texture.width() as usize) {
                match *pixel {
                    [b, g, r, _] if swap => out.extend([r, g, b, u8::MAX]),
                    [r, g, b, _] => out.extend([r, g, b, u8::MAX]),
                    _ => {}
                }
            }
        }
        Ok(out)
    }
}

/// Writes RGBA rows as a PNG.
///
/// # Errors
/// The file could not be written.
pub fn write_png(path: &Path, width: u32, height: u32, rgba: &[u8]) -> Result<(), HeadlessError> {
    let failed = |err: &dyn std::fmt::Display| HeadlessError::File(err.to_string());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(|err| failed(&err))?;
    }
    let file = std::fs::File::create(path).map_err(|err| failed(&err))?;
    let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header().map_err(|err| failed(&err))?;
    let rgb: Vec<u8> = rgba.chunks_exact(4).flat_map(|p| p.iter().take(3).copied()).collect();
    writer.write_image_data(&rgb).map_err(|err| failed(&err))
}
