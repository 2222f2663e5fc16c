namespace LatentDiffusion;

/// <summary>Which U-Net configurations can be built.</summary>
internal static class UNetConfigRules
{
    public const string CrossAttentionDown = "CrossAttnDownBlock2D", PlainDown = "DownBlock2D";
    public const string CrossAttentionUp = "CrossAttnUpBlock2D", PlainUp = "UpBlock2D";
    public const string Middle = "UNetMidBlock2DCrossAttn";

    public static void Check(UNet2DConditionConfig config)
    {
        int blocks = config.BlockOutChannels.Length;
        if (config.DownBlockTypes.Length != blocks || config.UpBlockTypes.Length != blocks)
            throw new ArgumentException($"block_out_channels lists {blocks} resolutions, down_block_types {config.DownBlockTypes.Length} and up_block_types {config.UpBlockTypes.Length}; they must agree.");
        foreach (string type in config.DownBlockTypes) Known("down_block_types", type, CrossAttentionDown, PlainDown);
        foreach (string type in config.UpBlockTypes) Known("up_block_types", type, CrossAttentionUp, PlainUp);
        if (config.MidBlockType is not null) Known("mid_block_type", config.MidBlockType, Middle);
        Known("act_fn", config.ActFn, "silu", "swish");
        Known("resnet_time_scale_shift", config.ResnetTimeScaleShift, "default", "scale_shift");
        if (config.TimestepPostAct is not null) throw new NotSupportedException($"timestep_post_act '{config.TimestepPostAct}' is not known; expected null.");
        if (config.AdditionEmbedType is null) return;
        Known("addition_embed_type", config.AdditionEmbedType, "text_time");
        if (config.AdditionTimeEmbedDim is null || config.ProjectionClassEmbeddingsInputDim is null)
            throw new ArgumentException("addition_embed_type text_time needs addition_time_embed_dim and projection_class_embeddings_input_dim.");
    }

    private static void Known(string option, string value, params string[] expected)
    {
        if (!expected.Contains(value))
            throw new NotSupportedException($"{option} '{value}' is not known; expected {string.Join(" or ", expected)}.");
    }
}
