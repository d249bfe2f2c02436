//! The pipelines of drawing where the device is a program. Owns how each blends; draws nothing.

use egui::epaint::Vertex;

/// Pipelines: with a picture, of plain colour, and copied over what was there.
#[derive(Clone)]
pub(super) struct Ways {
    pub(super) pictured: wgpu::RenderPipeline,
    pub(super) plain: wgpu::RenderPipeline,
    pub(super) copied: wgpu::RenderPipeline,
}

impl Ways {
    /// For a surface, with the layouts of what shaders are given.
    pub(super) fn new(
        device: &wgpu::Device,
        format: wgpu::TextureFormat,
        screens: &wgpu::BindGroupLayout,
        pictures: &wgpu::BindGroupLayout,
    ) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: None,
            source: wgpu::ShaderSource::Wgsl(include_str!("../soft.wgsl").into()),
        });
        let layout = |bind_group_layouts: &[Option<&wgpu::BindGroupLayout>]| {
            device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: None,
                bind_group_layouts,
                immediate_size: 0,
            })
        };
        let (without, with) = (layout(&[Some(screens)]), layout(&[Some(screens), Some(pictures)]));
        let over = |src_factor, dst_factor| wgpu::BlendComponent {
            src_factor,
            dst_factor,
            operation: wgpu::BlendOperation::Add,
        };
        // As egui blends.
        let blend = wgpu::BlendState {
            color: over(wgpu::BlendFactor::One, wgpu::BlendFactor::OneMinusSrcAlpha),
            alpha: over(wgpu::BlendFactor::OneMinusDstAlpha, wgpu::BlendFactor::One),
        };
        let pipeline = |entry_point, layout, blend| {
            device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
                label: None,
                layout: Some(layout),
                vertex: wgpu::VertexState {
                    module: &module,
                    entry_point: Some("corner"),
                    buffers: &[Some(wgpu::VertexBufferLayout {
                        array_stride: size_of::<Vertex>() as u64,
                        step_mode: wgpu::VertexStepMode::Vertex,
                        attributes: &wgpu::vertex_attr_array![0 => Float32x2, 1 => Float32x2, 2 => Unorm8x4],
                    })],
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                },
                primitive: wgpu::PrimitiveState::default(),
                depth_stencil: None,
                multisample: wgpu::MultisampleState::default(),
                fragment: Some(wgpu::FragmentState {
                    module: &module,
                    entry_point: Some(entry_point),
                    targets: &[Some(wgpu::ColorTargetState {
                        format,
                        blend,
                        write_mask: wgpu::ColorWrites::ALL,
                    })],
                    compilation_options: wgpu::PipelineCompilationOptions::default(),
                }),
                multiview_mask: None,
                cache: None,
            })
        };
        Self {
            pictured: pipeline("pictured", &with, Some(blend)),
            plain: pipeline("plain", &without, Some(blend)),
            copied: pipeline("copied", &with, None),
        }
    }
}
