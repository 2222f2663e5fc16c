namespace LatentDiffusion;

/// <summary>The shape of a feature map that a T2I-Adapter outputs and a U-Net adds (Mou et al. 2023, section 3.3).</summary>
/// <param name="Channels">Number of channels.</param>
/// <param name="DownsamplingFactor">
/// Width and height that one of its pixels spans: in pixels of the control image for an adapter, of the latents for a U-Net.
/// </param>
public sealed record AdapterResidualShape(int Channels, int DownsamplingFactor);
