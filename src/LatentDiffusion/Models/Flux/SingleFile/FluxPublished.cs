namespace LatentDiffusion.Models;

/// <summary>What was published with the weights of FLUX.1, for files that have only weights.</summary>
internal static class FluxPublished
{
    /// <summary>How files are read.</summary>
    public static TransformerPublication<FluxTransformerConfig> Files { get; } = new(FluxNames.All, FluxNames.Marker, Infer)
    {
        PipelineClass = _ => "FluxPipeline", Scheduler = config => Scheduler(config.GuidanceEmbeds),
        FolderMarkers = [FluxNames.FolderMarker],
    };

    /// <summary>The scheduler of dev, whose shift follows from the size of images, or of schnell.</summary>
    /// <param name="dynamic">Whether the shift follows from the size.</param>
    public static SchedulerConfig Scheduler(bool dynamic) => SchedulerConfig.Empty
        .With("num_train_timesteps", 1000).With("shift", dynamic ? 3.0 : 1.0).With("use_dynamic_shifting", dynamic)
        .With("base_shift", 0.5).With("max_shift", 1.15).With("base_image_seq_len", 256).With("max_image_seq_len", 4096)
        .WithClass(FlowMatchEulerScheduler.ClassName);

    private static FluxTransformerConfig Infer(ITensorSource network)
    {
        var shapes = new TransformerShapes(network);
        int width = shapes.Rows("x_embedder.weight"), head = Math.Max(1, shapes.Rows("transformer_blocks.0.attn.norm_q.weight"));
        return new FluxTransformerConfig
        {
            InChannels = shapes.Columns("x_embedder.weight"),
            NumLayers = shapes.Count("transformer_blocks", "attn.norm_q.weight"),
            NumSingleLayers = shapes.Count("single_transformer_blocks", "attn.norm_q.weight"),
            AttentionHeadDim = head,
            NumAttentionHeads = width / head,
            JointAttentionDim = shapes.Columns("context_embedder.weight"),
            PooledProjectionDim = shapes.Columns("time_text_embed.text_embedder.linear_1.weight"),
            GuidanceEmbeds = shapes.Has("time_text_embed.guidance_embedder.linear_1.weight"),
        };
    }
}
