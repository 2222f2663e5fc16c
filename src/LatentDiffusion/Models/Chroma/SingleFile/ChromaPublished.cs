namespace LatentDiffusion.Models;

/// <summary>What was published with the weights of Chroma, for files that have only weights.</summary>
internal static class ChromaPublished
{
    /// <summary>Class of the pipeline.</summary>
    public const string Pipeline = "ChromaPipeline";

    private const string Approximator = "distilled_guidance_layer";

    /// <summary>How files are read.</summary>
    public static TransformerPublication<ChromaTransformerConfig> Files { get; } = new(ChromaNames.All, ChromaNames.Marker, Infer)
    {
        PipelineClass = _ => Pipeline, Scheduler = _ => FluxPublished.Scheduler(dynamic: true),
    };

    private static ChromaTransformerConfig Infer(ITensorSource network)
    {
        var shapes = new TransformerShapes(network);
        int width = shapes.Rows("x_embedder.weight"), head = Math.Max(1, shapes.Rows("transformer_blocks.0.attn.norm_q.weight"));
        return new ChromaTransformerConfig
        {
            InChannels = shapes.Columns("x_embedder.weight"),
            NumLayers = shapes.Count("transformer_blocks", "attn.norm_q.weight"),
            NumSingleLayers = shapes.Count("single_transformer_blocks", "attn.norm_q.weight"),
            AttentionHeadDim = head,
            NumAttentionHeads = width / head,
            JointAttentionDim = shapes.Columns("context_embedder.weight"),
            ApproximatorNumChannels = shapes.Columns($"{Approximator}.in_proj.weight"),
            ApproximatorHiddenDim = shapes.Rows($"{Approximator}.in_proj.weight"),
            ApproximatorLayers = shapes.Count($"{Approximator}.layers", "linear_1.weight"),
        };
    }
}
