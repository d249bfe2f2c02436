// The least that draws triangles of colours and pictures: egui's own shader filters a picture twice over and dithers,
// which costs a processor some ten times as much.

struct Corner {
    @builtin(position) position: vec4<f32>,
    @location(0) @interpolate(linear) color: vec4<f32>,
    @location(1) @interpolate(linear) at: vec2<f32>,
};

// Factors from points of the screen to its sides.
@group(0) @binding(0) var<uniform> screen: vec4<f32>;
@group(1) @binding(0) var picture: texture_2d<f32>;
@group(1) @binding(1) var texels: sampler;

@vertex
fn corner(
    @location(0) position: vec2<f32>,
    @location(1) at: vec2<f32>,
    @location(2) color: vec4<f32>,
) -> Corner {
    var out: Corner;
    out.position = vec4<f32>(position.x * screen.x - 1.0, 1.0 - position.y * screen.y, 0.0, 1.0);
    out.color = color;
    out.at = at;
    return out;
}

@fragment
fn plain(in: Corner) -> @location(0) vec4<f32> {
    return in.color;
}

@fragment
fn pictured(in: Corner) -> @location(0) vec4<f32> {
    return in.color * textureSample(picture, texels, in.at);
}

@fragment
fn copied(in: Corner) -> @location(0) vec4<f32> {
    return textureSample(picture, texels, in.at);
}
