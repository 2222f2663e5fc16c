using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>A U-Net as a denoiser. Computes in its network's precision, and gives its prediction in that of the latents.</summary>
public sealed class UNetDenoiser : IDenoiser, IDisposable
{
    private readonly UNet2DConditionModel _network;
    private readonly SelfAttentionLayers _attention;
    private readonly ScalarType _type;

    /// <summary>Wraps a network.</summary>
    /// <param name="network">The network, which the denoiser owns.</param>
    /// <param name="requiresAestheticsScore">
    /// For a network that reads the image's size, whether it reads the aesthetic score instead of the target size (the refiner of
    /// SDXL).
    /// </param>
    public UNetDenoiser(UNet2DConditionModel network, bool requiresAestheticsScore = false)
    {
        ArgumentNullException.ThrowIfNull(network);
        (_network, _type, _attention) = (network, NetworkUse.TypeOf(network), new SelfAttentionLayers(network));
        Description = UNetDescription.Of(network.Config, requiresAestheticsScore) with { Type = _type, AttentionLayers = _attention.Paths };
    }

    /// <inheritdoc />
    public DenoiserDescription Description { get; }

    /// <inheritdoc />
    public Tensor Predict(DenoiserInput input) => Predict(input, texts: null);

    /// <inheritdoc />
    public IDenoiserRun Start(DenoiserRunOptions? options = null) =>
        options?.StepCaching is { } caching ? new StepCachingRun(this, caching) : new UNetRun(this);

    /// <inheritdoc />
    /// <remarks>The skip connections of all resolutions, and what the largest transformer block holds at once.</remarks>
    public long WorkingBytes(long batch, long latentPixels)
    {
        // Its input, that normalised, and the feed-forward: eight times as wide, split, gated and multiplied.
        const int MapsOfTransformer = 18;
        UNet2DConditionConfig config = _network.Config;
        // Each resolution has a quarter of the pixels of the one before.
        double[] maps = [.. config.BlockOutChannels.Select((channels, level) => channels / Math.Pow(4, level))];
        double skips = maps.Select((map, level) => (config.LayersPerBlock[level] + 1) * map).Sum();
        return (long)(batch * latentPixels * (skips + MapsOfTransformer * maps.Max()) * NetworkUse.SizeOf(_type));
    }

    /// <inheritdoc />
    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(_network, device);
        return true;
    }

    /// <summary>Disposes the network.</summary>
    public void Dispose() => _network.Dispose();

    /// <summary>Evaluates the network once, with what belongs to a run.</summary>
    /// <param name="input">What it is evaluated on.</param>
    /// <param name="texts">Keys and values of the run's texts; null to compute them.</param>
    /// <param name="deep">Features of the lower resolutions that the run keeps; null for none.</param>
    internal Tensor Predict(DenoiserInput input, TextCache? texts, CachedFeatures? deep = null)
    {
        Description.ThrowIfUnsupported(input);
        input.CancellationToken.ThrowIfCancellationRequested();
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        UNetInput evaluated = UNetInput.Of(input, _type, _network.Config.TimeCondProjDim) with
        {
            Attention = new AttentionState(texts, _attention.Find(input.AttentionEdits)), Deep = deep,
        };
        return _network.call(evaluated).to(input.Latents.dtype).MoveToOuterDisposeScope();
    }
}
