using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>How the latents z of an autoencoder's network become those that a denoiser sees: patches of them, shifted and scaled.</summary>
/// <param name="NetworkChannels">Channels of z.</param>
/// <param name="NetworkFactor">Pixels to one position of z, in each direction.</param>
/// <param name="Scaling">Shift and scale of the patches.</param>
/// <param name="PatchSize">Side in z of the patch that is one latent. Default 1.</param>
internal sealed record LatentLayout(int NetworkChannels, int NetworkFactor, ChannelScaling Scaling, int PatchSize = 1)
{
    /// <summary>Channels of the latents.</summary>
    public int Channels => NetworkChannels * PatchSize * PatchSize;

    /// <summary>Pixels to one latent, in each direction.</summary>
    public int DownsamplingFactor => NetworkFactor * PatchSize;

    /// <summary>Pixels to one position after a number of stages of which each but the last halves the size.</summary>
    public static int FactorOf(int stages) => 1 << (stages - 1);

    /// <summary>z to latents. May change z.</summary>
    public Tensor FromNetwork(Tensor z) => Scaling.Apply_(Patched(z));

    /// <summary>Standard deviations of z to those of the latents. May change the former.</summary>
    public Tensor DeviationFromNetwork(Tensor deviation) => Scaling.ApplyToDeviation_(Patched(deviation));

    /// <summary>Latents to z, as a new tensor.</summary>
    public Tensor ToNetwork(Tensor latents) =>
        PatchSize == 1 ? Scaling.Undo(latents) : nn.functional.pixel_shuffle(Scaling.Undo(latents), PatchSize);

    /// <summary>Patches as channels: channel · patch area + row · patch side + column.</summary>
    private Tensor Patched(Tensor z) => PatchSize == 1 ? z : nn.functional.pixel_unshuffle(z, PatchSize);
}
