namespace LatentDiffusion;

/// <summary>A sampler as another program names it.</summary>
/// <param name="Sampler">The sampler, for example <c>DPM++ 2M</c>.</param>
/// <param name="Schedule">The noise schedule, for example <c>Karras</c>; null for the one of the model.</param>
public sealed record SamplerName(string Sampler, string? Schedule = null);
