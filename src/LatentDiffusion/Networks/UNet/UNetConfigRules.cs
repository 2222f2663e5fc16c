using static LatentDiffusion.ConfigRules;

namespace LatentDiffusion;

/// <summary>Which U-Net configurations can be built.</summary>
internal static class UNetConfigRules
{
    public const string CrossAttentionMiddle = "UNetMidBlock2DCrossAttn", PlainMiddle = "UNetMidBlock2D";

    public static void Check(UNet2DConditionConfig config)
    {
        int blocks = config.BlockOutChannels.Length;
        if (blocks == 0 || config.DownBlockTypes.Length != blocks || config.UpBlockTypes.Length != blocks)
            throw new ArgumentException($"block_out_channels lists {blocks} resolutions, down_block_types {config.DownBlockTypes.Length} and up_block_types {config.UpBlockTypes.Length}; they must agree.");
        foreach (string type in config.DownBlockTypes) Known("down_block_types", type, "CrossAttnDownBlock2D", "DownBlock2D", "AttnDownBlock2D", "ResnetDownsampleBlock2D");
        foreach (string type in config.UpBlockTypes) Known("up_block_types", type, "CrossAttnUpBlock2D", "UpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D");
        Known("mid_block_type", config.MidBlockType, CrossAttentionMiddle, PlainMiddle, null);
        CheckLists(config, blocks);
        CheckNumbers(config);
        CheckEmbeddings(config);

        Activations.ByName(config.ActFn);
        Known("resnet_time_scale_shift", config.ResnetTimeScaleShift, "default", "scale_shift");
        Known("attention_type", config.AttentionType, "default");
        Unset("dual_cross_attention", !config.DualCrossAttention, config.DualCrossAttention);
        Unset("cross_attention_norm", config.CrossAttentionNorm is null, config.CrossAttentionNorm);
    }

    private static void CheckLists(UNet2DConditionConfig config, int blocks)
    {
        Length("only_cross_attention", config.OnlyCrossAttention, blocks);
        Length("layers_per_block", config.LayersPerBlock, blocks);
        Length("cross_attention_dim", config.CrossAttentionDim, blocks);
        Length("attention_head_dim", config.AttentionHeadDim, blocks);
        Length("num_attention_heads", config.NumAttentionHeads, blocks);
        Length("transformer_layers_per_block", config.TransformerLayersPerBlock.Values, blocks);
        Length("reverse_transformer_layers_per_block", config.ReverseTransformerLayersPerBlock?.Values, blocks);
        if (config.ReverseTransformerLayersPerBlock is null && config.TransformerLayersPerBlock.Values.Values.Any(layers => layers.IsList))
            throw new ArgumentException("transformer_layers_per_block lists numbers within a resolution, which needs reverse_transformer_layers_per_block for the way up.");
    }

    private static void CheckNumbers(UNet2DConditionConfig config)
    {
        Positive("in_channels", config.InChannels);
        Positive("out_channels", config.OutChannels);
        Positive("block_out_channels", config.BlockOutChannels);
        Positive("conv_in_kernel", config.ConvInKernel);
        Positive("conv_out_kernel", config.ConvOutKernel);
        if (!(config.Dropout is >= 0 and < 1)) throw new ArgumentException($"dropout is {config.Dropout}; it must be at least 0 and less than 1.");
        for (int i = 0; i < config.BlockOutChannels.Length; i++)
        {
            Positive("layers_per_block", config.LayersPerBlock[i]);
            Positive("cross_attention_dim", config.CrossAttentionDim[i]);
            Positive(config.NumAttentionHeads is null ? "attention_head_dim" : "num_attention_heads", config.Heads(i));
        }
    }

    private static void CheckEmbeddings(UNet2DConditionConfig config)
    {
        Known("time_embedding_type", config.TimeEmbeddingType, "positional", "fourier");
        Known("class_embed_type", config.ClassEmbedType, null, "timestep", "identity", "projection", "simple_projection");
        Known("addition_embed_type", config.AdditionEmbedType, null, "text", "text_time");
        Known("encoder_hid_dim_type", config.EncoderHidDimType, null, "text_proj");
        foreach (string? activation in new[] { config.TimeEmbeddingActFn, config.TimestepPostAct })
            if (activation is not null) Activations.ByName(activation);
        if (config.EncoderHidDimType is { } type) Needed("encoder_hid_dim", config.EncoderHidDim, $"encoder_hid_dim_type {type}");
        if (config.ClassEmbedType is "projection" or "simple_projection")
            Needed("projection_class_embeddings_input_dim", config.ProjectionClassEmbeddingsInputDim, $"class_embed_type {config.ClassEmbedType}");
        if (config.AdditionEmbedType is not "text_time") return;
        Needed("addition_time_embed_dim", config.AdditionTimeEmbedDim, "addition_embed_type text_time");
        Needed("projection_class_embeddings_input_dim", config.ProjectionClassEmbeddingsInputDim, "addition_embed_type text_time");
    }
}
