using System.Collections.Immutable;

namespace LatentDiffusion;

/// <summary>Which configurations of convolutional autoencoders can be built.</summary>
internal static class AutoencoderRules
{
    public static void Check(ImmutableArray<string> down, ImmutableArray<string> up, ImmutableArray<int> channels, int layers, string activation)
    {
        foreach (string type in down) ConfigRules.Known("down_block_types", type, AutoencoderBlock.PlainDown, AutoencoderBlock.AttentionDown);
        foreach (string type in up) ConfigRules.Known("up_block_types", type, AutoencoderBlock.PlainUp, AutoencoderBlock.AttentionUp);
        if (channels.IsEmpty || down.Length != channels.Length || up.Length != channels.Length)
            throw new ArgumentException($"block_out_channels lists {channels.Length} resolutions, down_block_types {down.Length} and up_block_types {up.Length}; they must agree.");
        ConfigRules.Positive("block_out_channels", channels);
        ConfigRules.Positive("layers_per_block", layers);
        Activations.ByName(activation);
    }
}
