using System.Collections.Immutable;
using static TorchSharp.torch;

namespace LatentDiffusion.Networks;

/// <summary>
/// Converts between an autoencoder's latents z and the denoiser's: (z − shift)·scale, or with statistics of each
/// channel (z − mean)·scale/deviation.
/// </summary>
/// <param name="Scale">Published as <c>scaling_factor</c>.</param>
/// <param name="Shift">Published as <c>shift_factor</c>.</param>
internal sealed record ChannelScaling(double Scale, double Shift = 0)
{
    private readonly float[]? _means, _scales;

    /// <summary>With statistics of each channel; null for none, both or neither.</summary>
    /// <exception cref="ArgumentException">There is one without the other, or not one a channel.</exception>
    public ChannelScaling(double scale, double shift, ImmutableArray<double>? means, ImmutableArray<double>? deviations, int channels)
        : this(scale, shift)
    {
        if (means is null && deviations is null) return;
        if (means?.Length != channels || deviations?.Length != channels)
            throw new ArgumentException(
                $"latents_mean has {means?.Length ?? 0} values and latents_std {deviations?.Length ?? 0}; "
                    + $"there are {channels} latent channels.");
        _means = [.. means.Value.Select(m => (float)m)];
        _scales = [.. deviations.Value.Select(d => (float)(scale / d))];
    }

    /// <summary>Whether each channel has its own shift and scale.</summary>
    public bool IsByChannel => _means is not null;

    /// <summary>log₂ of the scale, as a mean over channels: by how many bits a value the density of latents is below that of z.</summary>
    public double MeanBits => _scales is null ? Math.Log2(Math.Abs(Scale)) : _scales.Average(scale => Math.Log2(Math.Abs(scale)));

    /// <summary>z to latents, in place.</summary>
    public Tensor Apply_(Tensor z) => _means is null
        ? z.AddInPlace(-Shift).MultiplyInPlace(Scale)
        : z.sub_(Channels(_means, z)).mul_(Channels(_scales!, z));

    /// <summary>Standard deviations of z to those of the latents, in place.</summary>
    public Tensor ApplyToDeviation_(Tensor deviation) =>
        _scales is null ? deviation.MultiplyInPlace(Scale) : deviation.mul_(Channels(_scales, deviation));

    /// <summary>Latents to z, as a new tensor.</summary>
    public Tensor Undo(Tensor latents) => _means is null
        ? latents.Divide(Scale).AddInPlace(Shift)
        : (latents / Channels(_scales!, latents)).AddInPlace(Channels(_means, latents));

    private static Tensor Channels(float[] values, Tensor like) => tensor(values, dtype: like.dtype, device: like.device).view(1, -1, 1, 1);
}
