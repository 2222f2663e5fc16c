using static TorchSharp.torch;

namespace LatentDiffusion.Models;

/// <summary>
/// Configuration of <see cref="ControlNetUnionModel"/>, with the names and defaults of the published <c>config.json</c>. The channels of
/// the convolutions of control images are 48, 96, 192 and 384 by default.
/// </summary>
public sealed record ControlNetUnionConfig : ControlNetConfig
{
    /// <summary>Sets the defaults.</summary>
    public ControlNetUnionConfig() => ConditioningEmbeddingOutChannels = [48, 96, 192, 384];

    /// <summary>Number of control types: 6, the default, or 8 with tile and repainting (promax).</summary>
    public int NumControlType { get; init; } = 6;

    /// <summary>Width of the transformer over control images, that of the first features. Default 320.</summary>
    public int NumTransChannel { get; init; } = 320;

    /// <summary>Its attention heads, which share the width. Default 8.</summary>
    public int NumTransHead { get; init; } = 8;

    /// <summary>Its layers. Default 1.</summary>
    public int NumTransLayer { get; init; } = 1;

    /// <summary>Channels that it gives, those of the first features. Default 320.</summary>
    public int NumProjChannel { get; init; } = 320;

    /// <summary>Reads a configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not such a configuration, or its options contradict each other.</exception>
    /// <exception cref="NotSupportedException">It is the configuration of another class; the message names it.</exception>
    public static new ControlNetUnionConfig FromJson(string json) =>
        ModelConfigJson.Read<ControlNetUnionConfig>(json, nameof(ControlNetUnionModel));

    /// <summary>Builds the network, initialised at random.</summary>
    public new ControlNetUnionModel Build() => new(this);

    /// <inheritdoc cref="UNet2DConditionConfig.BuildUninitialized"/>
    public new ControlNetUnionModel BuildUninitialized(Device? device = null, ScalarType type = ScalarType.Float32) =>
        new(this, LayerFactory.Uninitialized(device, type));

    /// <inheritdoc/>
    protected internal override void Check()
    {
        const int MostTypes = 1024, MostLayers = 1024;
        base.Check();
        ConfigRules.Range("num_control_type", 1, MostTypes, NumControlType);
        ConfigRules.Range("num_trans_layer", 0, MostLayers, NumTransLayer);
        ConfigRules.Divides("num_trans_head", NumTransHead, "num_trans_channel", NumTransChannel);
        foreach ((string option, int value) in new[] { ("num_trans_channel", NumTransChannel), ("num_proj_channel", NumProjChannel) })
        {
            if (value != BlockOutChannels[0])
                throw new ArgumentException($"{option} is {value}; the first entry of block_out_channels is {BlockOutChannels[0]}.");
        }
    }
}
