using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// A T2I-Adapter: convolutions that turn a control image into one feature map for each resolution of a U-Net, which adds them on the
/// way down (Mou et al. 2023, section 3.3). Parameter names are those of the published class <c>T2IAdapter</c>.
/// </summary>
public sealed class T2IAdapterModel : nn.Module<Tensor, IReadOnlyList<Tensor>>
{
    internal const string ClassName = "T2IAdapter";

    [ComponentName(Name = "adapter")] private readonly AdapterBody _adapter;

    /// <summary>Builds the network, initialised at random.</summary>
    /// <exception cref="NotSupportedException">The adapter's type is not known.</exception>
    /// <exception cref="ArgumentException">The configuration contradicts itself.</exception>
    public T2IAdapterModel(T2IAdapterConfig config) : this(config, LayerFactory.Random)
    {
    }

    internal T2IAdapterModel(T2IAdapterConfig config, LayerFactory layers) : base(NativeModule.Create(nameof(T2IAdapterModel)), 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        ConfigRules.Known("adapter_type", config.AdapterType, T2IAdapterConfig.Full, T2IAdapterConfig.FullXL, T2IAdapterConfig.Light);
        config.Check();
        Config = config;
        _adapter = new AdapterBody(config, layers);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public T2IAdapterConfig Config { get; }

    /// <summary>Evaluates the network.</summary>
    /// <param name="image">
    /// Control images in [0, 1], [batch, channels, height, width] in pixels; height and width are multiples of
    /// <see cref="T2IAdapterConfig.DownscaleFactor"/>.
    /// </param>
    /// <returns>The feature maps, from the highest resolution, [batch, channels, height, width] each.</returns>
    public override IReadOnlyList<Tensor> forward(Tensor image)
    {
        ArgumentNullException.ThrowIfNull(image);
        using NetworkUse weights = NetworkUse.ToEvaluate(this);
        using DisposeScope scope = NewDisposeScope();
        IReadOnlyList<Tensor> features = _adapter.Run(image);
        foreach (Tensor feature in features) feature.MoveToOuterDisposeScope();
        return features;
    }

    /// <summary>Frees the weights, after the calls that read them.</summary>
    protected override void Dispose(bool disposing)
    {
        if (disposing) NetworkUse.Free(this, () => base.Dispose(disposing: true));
        else base.Dispose(disposing: false);
    }
}
