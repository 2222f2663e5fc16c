namespace LatentDiffusion.Models;

/// <summary>What was published with the weights of FLUX.2, for files that have only weights.</summary>
internal static class Flux2Published
{
    /// <summary>Classes of the pipelines.</summary>
    public const string KleinPipeline = "Flux2KleinPipeline", DevPipeline = "Flux2Pipeline";

    /// <summary>How files are read.</summary>
    public static TransformerPublication<Flux2TransformerConfig> Files { get; } = new(Flux2Names.All, Flux2Names.Marker, Infer)
    {
        PipelineClass = config => config.GuidanceEmbeds ? DevPipeline : KleinPipeline,
        Scheduler = _ => FluxPublished.Scheduler(dynamic: true),
    };

    private static Flux2TransformerConfig Infer(ITensorSource network)
    {
        const int Axes = 4;
        var shapes = new TransformerShapes(network);
        int width = Math.Max(1, shapes.Rows("x_embedder.weight"));
        int head = Math.Max(1, shapes.Rows("transformer_blocks.0.attn.norm_q.weight"));
        return new Flux2TransformerConfig
        {
            InChannels = shapes.Columns("x_embedder.weight"),
            NumLayers = shapes.Count("transformer_blocks", "attn.norm_q.weight"),
            NumSingleLayers = shapes.Count("single_transformer_blocks", "attn.norm_q.weight"),
            AttentionHeadDim = head,
            NumAttentionHeads = width / head,
            JointAttentionDim = shapes.Columns("context_embedder.weight"),
            TimestepGuidanceChannels = shapes.Columns("time_guidance_embed.timestep_embedder.linear_1.weight"),
            MlpRatio = (double)shapes.Columns("transformer_blocks.0.ff.linear_out.weight") / width,
            AxesDimsRope = [.. Enumerable.Repeat(head / Axes, Axes)],
            GuidanceEmbeds = shapes.Has("time_guidance_embed.guidance_embedder.linear_1.weight"),
        };
    }
}
