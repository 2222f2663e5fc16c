namespace LatentDiffusion;

/// <summary>The shipped model of drawings on the builder.</summary>
public static class DrawingsModelExtensions
{
    private const string Name = "drawings", FewStepName = "drawings-few-steps";

    private const int Steps = 14, FewSteps = 4;

    // More of it takes the pictures away from the drawings, and draws what is asked no more often (docs/quality-and-speed.md).
    private const double GuidanceScale = 1.5;

    // The adapters learned a scale of 3, which is too much: in part they keep its clean outlines and leave more variety.
    internal const double FewStepStrength = 0.5;

    // Guidance shapes the drawing while there is more noise than picture, and costs a second evaluation: 20 with these steps.
    private static readonly GuidanceIntervalOptions s_guided = new() { Stop = 0.4 };

    /// <summary>
    /// Uses the model of drawings that this package brings: 128 x 128 pictures on white, of 24 subjects in 12 colours
    /// with capes, hats, jewels and poses. Its own default is 14 steps with classifier-free guidance
    /// at a scale of 1.5 in the first four tenths of the way: 20 evaluations of the network.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="device">Where the networks run; null for CUDA where there is one, else the CPU.</param>
    /// <exception cref="DirectoryNotFoundException">When built: the model's files are not beside the application.</exception>
    public static DiffusionPipelineBuilder UseDrawingsModel(this DiffusionPipelineBuilder builder, TorchSharp.torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseModel((_, chosen) => Open(Shipped(Name), device ?? chosen)).Configure(o => o.ModelId ??= Name);
    }

    /// <summary>
    /// Uses the model of drawings as it was distilled to 4 evaluations of the network: its U-Net patched with low-rank
    /// adapters that go a quarter of the way at once, guidance included (phased consistency; Wang et al. 2024), at half of
    /// their strength. Its own default is 4 steps, for which alone it was trained, and a guidance scale of 1, which is
    /// none: more guides it twice.
    /// </summary>
    /// <inheritdoc cref="UseDrawingsModel" path="/param"/>
    /// <inheritdoc cref="UseDrawingsModel" path="/exception"/>
    public static DiffusionPipelineBuilder UseFewStepDrawingsModel(this DiffusionPipelineBuilder builder, TorchSharp.torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseModel((_, chosen) => OpenFewSteps(Shipped(Name), ShippedAdapters, device ?? chosen)).Configure(o => o.ModelId ??= FewStepName);
    }

    /// <summary>Where the adapters of the few-step variant lie beside the application.</summary>
    internal static string ShippedAdapters => Path.Combine(Shipped(FewStepName), "pytorch_lora_weights.safetensors");

    /// <summary>Opens a model of drawings with the guidance that they are at their best with.</summary>
    internal static DiffusionModel Open(string folder, TorchSharp.torch.Device? device)
    {
        DiffusionModel model = DiffusionModel.Open(folder, device);
        model.Guidance = new IntervalGuidance(new ClassifierFreeGuidance(), PredictionSpace.Of(model.SchedulerConfig), s_guided);
        (model.Steps, model.GuidanceScale) = (Steps, GuidanceScale);
        return model;
    }

    /// <summary>Opens a model of drawings with adapters that were distilled from it.</summary>
    internal static DiffusionModel OpenFewSteps(string folder, string adapters, TorchSharp.torch.Device? device)
    {
        DiffusionModel model = DiffusionModel.Open(folder, device);
        try
        {
            model.SetLoras((adapters, FewStepStrength));
        }
        catch
        {
            model.Dispose();
            throw;
        }

        (model.Steps, model.GuidanceScale) = (FewSteps, 1);
        return model;
    }

    private static string Shipped(string name) => Path.Combine(AppContext.BaseDirectory, "models", name);
}
