using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>A U-Net as a denoiser. Computes in its network's precision, and gives its prediction in that of the latents.</summary>
public sealed class UNetDenoiser : ITrainableDenoiser, IDisposable
{
    private readonly AttentionLayers _attention;
    private readonly ScalarType _type;
    private readonly bool _requiresAestheticsScore;

    /// <summary>Wraps a network.</summary>
    /// <param name="network">The network, which the denoiser owns.</param>
    /// <param name="requiresAestheticsScore">
    /// For a network that reads the image's size, whether it reads the aesthetic score instead of the target size (the refiner of
    /// SDXL).
    /// </param>
    public UNetDenoiser(UNet2DConditionModel network, bool requiresAestheticsScore = false)
    {
        ArgumentNullException.ThrowIfNull(network);
        (Network, _type, _attention) = (network, NetworkUse.TypeOf(network), new AttentionLayers(network));
        _requiresAestheticsScore = requiresAestheticsScore;
        Description = UNetDescription.FromConfig(network.Config, requiresAestheticsScore) with
        {
            Type = _type, AttentionLayers = _attention.SelfPaths, CrossAttentionLayers = _attention.CrossPaths,
            CrossAttentionWidths = _attention.CrossWidths,
        };
    }

    /// <summary>The network.</summary>
    public UNet2DConditionModel Network { get; }

    /// <inheritdoc />
    public DenoiserDescription Description { get; }

    string ITrainableDenoiser.ComponentName => ComponentNames.UNet;

    nn.Module ITrainableDenoiser.Network => Network;

    /// <inheritdoc />
    public Tensor Predict(DenoiserInput input) => Predict(input, cache: null);

    /// <inheritdoc />
    public Tensor Forward(DenoiserInput input)
    {
        Description.ThrowIfUnsupported(input);
        return Network.call(Input(input, NetworkUse.TypeOf(Network), texts: null)).to(input.Latents.dtype);
    }

    /// <summary>A denoiser with a copy of the network, of the same type and on the same device.</summary>
    public UNetDenoiser Copy() => new(Network.Copy(Network.Config, NetworkUse.TypeOf(Network)), _requiresAestheticsScore);

    ITrainableDenoiser ITrainableDenoiser.Copy() => Copy();

    /// <inheritdoc cref="ITrainableDenoiser.CreateStudent"/>
    /// <exception cref="ArgumentOutOfRangeException">The width is less than 4.</exception>
    public UNetDenoiser CreateStudent(int? guidanceWidth)
    {
        if (guidanceWidth is { } width) ArgumentOutOfRangeException.ThrowIfLessThan(width, 4, nameof(guidanceWidth));
        UNet2DConditionConfig config = Network.Config with { TimeCondProjDim = guidanceWidth };
        return new UNetDenoiser(Network.Copy(config, ScalarType.Float32), _requiresAestheticsScore);
    }

    ITrainableDenoiser ITrainableDenoiser.CreateStudent(int? guidanceWidth) => CreateStudent(guidanceWidth);

    /// <inheritdoc />
    public IDenoiserRun Start(DenoiserRunOptions? options = null) =>
        options?.StepCaching is { } caching ? new StepCachingRun(this, caching) : new UNetRun(this);

    /// <inheritdoc />
    /// <remarks>Counts the skip connections of all resolutions and the tensors of the largest transformer block.</remarks>
    public long WorkingBytes(long batch, long latentPixels)
    {
        // Its input, that normalised, and the feed-forward: eight times as wide, split, gated and multiplied.
        const int MapsOfTransformer = 18;
        UNet2DConditionConfig config = Network.Config;
        // Each resolution has a quarter of the pixels of the one before.
        double[] maps = [.. config.BlockOutChannels.Select((channels, level) => channels / Math.Pow(4, level))];
        double skips = maps.Select((map, level) => (config.LayersPerBlock[level] + 1) * map).Sum();
        return (long)(batch * latentPixels * (skips + MapsOfTransformer * maps.Max()) * NetworkUse.SizeOf(_type));
    }

    /// <inheritdoc />
    public bool TryMoveTo(Device device)
    {
        ModuleDevice.Move(Network, device);
        return true;
    }

    /// <summary>Disposes the network.</summary>
    public void Dispose() => Network.Dispose();

    /// <summary>Evaluates the network once, with the caches of a run.</summary>
    /// <param name="input">The input.</param>
    /// <param name="cache">What the run computes once; null to compute it.</param>
    /// <param name="deep">Features of the lower resolutions that the run keeps; null for none.</param>
    internal Tensor Predict(DenoiserInput input, RunCache? cache, CachedFeatures? deep = null)
    {
        Description.ThrowIfUnsupported(input);
        input.CancellationToken.ThrowIfCancellationRequested();
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        UNetInput evaluated = Input(input, _type, cache?.Texts) with { Times = cache?.Times.ProjectionsFor(input), Deep = deep };
        return Network.call(evaluated).to(input.Latents.dtype).MoveToOuterDisposeScope();
    }

    private UNetInput Input(DenoiserInput input, ScalarType type, TextCache? texts) =>
        UNetInput.FromDenoiserInput(input, type, Network.Config.TimeCondProjDim) with
        {
            Attention = new AttentionState(texts, _attention.Find(input.AttentionEdits)),
        };
}
