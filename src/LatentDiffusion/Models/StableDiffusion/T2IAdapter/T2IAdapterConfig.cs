using System.Collections.Immutable;
using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>Configuration of <see cref="T2IAdapterModel"/>, with the names and defaults of the published <c>config.json</c>.</summary>
public sealed record T2IAdapterConfig : NetworkConfig
{
    internal const string Full = "full_adapter", FullXL = "full_adapter_xl", Light = "light_adapter";

    /// <summary>Channels of the control image: 3, the default, for RGB, or 1 for greyscale.</summary>
    public int InChannels { get; init; } = 3;

    /// <summary>Channels of the feature maps, from the highest resolution. A light adapter has the last one twice.</summary>
    public ImmutableArray<int> Channels { get; init; } = [320, 640, 1280, 1280];

    /// <summary>Residual blocks of each feature map. Default 2.</summary>
    public int NumResBlocks { get; init; } = 2;

    /// <summary>Side in pixels of the squares that become one pixel of the first feature map. Default 8; 16 for SDXL.</summary>
    public int DownscaleFactor { get; init; } = 8;

    /// <summary>
    /// <c>full_adapter</c>, the default; <c>full_adapter_xl</c>, whose size is halved only before the third feature map; or
    /// <c>light_adapter</c>, whose residual blocks have a quarter of the channels.
    /// </summary>
    public string AdapterType { get; init; } = Full;

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static T2IAdapterConfig FromJson(string json) => ModelConfigJson.Read<T2IAdapterConfig>(json, T2IAdapterModel.ClassName);

    /// <summary>Builds the network, initialised at random.</summary>
    public T2IAdapterModel Build() => new(this);

    /// <inheritdoc cref="UNet2DConditionConfig.BuildUninitialized"/>
    public T2IAdapterModel BuildUninitialized(Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, LayerFactory.Uninitialized(device, type));

    /// <inheritdoc/>
    protected internal override void Check()
    {
        const int MostDownscaling = 64, LeastOfLight = 4;
        ConfigRules.Range("in_channels", 1, 64, InChannels);
        if (Channels.IsDefaultOrEmpty) throw new ArgumentException("channels is empty.");
        ConfigRules.Range("channels", AdapterType == Light ? LeastOfLight : 1, ConfigRules.Largest, Channels);
        ConfigRules.Positive("num_res_blocks", NumResBlocks);
        ConfigRules.Range("downscale_factor", 1, MostDownscaling, DownscaleFactor);
        for (int i = 3; AdapterType == FullXL && i < Channels.Length; i++)
        {
            if (Channels[i] != Channels[i - 1])
                throw new ArgumentException($"channels has {Channels[i]} after {Channels[i - 1]}; expected equal entries from the third.");
        }
    }

    /// <summary>The feature maps, from the highest resolution, with sizes relative to the control image.</summary>
    internal IReadOnlyList<AdapterResidualShape> Features => AdapterType switch
    {
        FullXL => [.. Channels.Select((channels, i) => new AdapterResidualShape(channels, DownscaleFactor * (i < 2 ? 1 : 2)))],
        Light => [.. Channels.Append(Channels[^1]).Select(Halving)],
        _ => [.. Channels.Select(Halving)],
    };

    private AdapterResidualShape Halving(int channels, int index) => new(channels, DownscaleFactor << index);
}
