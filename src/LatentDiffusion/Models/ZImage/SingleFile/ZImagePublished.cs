namespace LatentDiffusion.Models;

/// <summary>What was published with the weights of Z-Image, for files that have only weights: that of Z-Image Turbo.</summary>
internal static class ZImagePublished
{
    /// <summary>Class of the pipeline.</summary>
    public const string Pipeline = "ZImagePipeline";

    /// <summary>Shift of the noise levels of Z-Image Turbo; that of Z-Image is 6.</summary>
    public const double TurboShift = 3;

    /// <summary>How files are read.</summary>
    public static TransformerPublication<ZImageTransformerConfig> Files { get; } = new(ZImageNames.All, ZImageNames.Marker, Infer)
    {
        PipelineClass = _ => Pipeline,
        Scheduler = _ => SchedulerConfig.Empty
            .With("num_train_timesteps", 1000).With("shift", TurboShift).WithClass(FlowMatchEulerScheduler.ClassName),
        IsNote = ZImageNames.IsNote,
    };

    private static ZImageTransformerConfig Infer(ITensorSource network)
    {
        const int Patch = 2;
        var shapes = new TransformerShapes(network);
        int width = shapes.Rows("all_x_embedder.2-1.weight"), head = Math.Max(1, shapes.Rows("layers.0.attention.norm_q.weight"));
        // A quarter of the channels is for the first axis, as in the published models.
        int first = head / 4, others = (head - first) / 2;
        return new ZImageTransformerConfig
        {
            AllPatchSize = [Patch],
            InChannels = shapes.Columns("all_x_embedder.2-1.weight") / (Patch * Patch),
            Dim = width,
            NLayers = shapes.Count("layers", "attention.norm_q.weight"),
            NRefinerLayers = shapes.Count("noise_refiner", "attention.norm_q.weight"),
            NHeads = width / head,
            NKvHeads = width / head,
            CapFeatDim = shapes.Rows("cap_embedder.0.weight"),
            AxesDims = [first, others, others],
            AxesLens = [1536, 512, 512],
        };
    }
}
