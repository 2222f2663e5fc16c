namespace LatentDiffusion;

/// <summary>Adds the shipped drawings model to the pipeline builder.</summary>
public static class DrawingsModelExtensions
{
    private const string Name = "drawings", FewStepName = "drawings-few-steps";

    private const int Steps = 14, FewSteps = 4;

    // A higher scale makes images less like the drawings and does not improve prompt adherence (docs/quality-and-speed.md).
    private const double GuidanceScale = 1.5;

    // The adapters learned a guidance scale of 3, which is too high. At half strength, outlines stay clean and variety is greater.
    internal const double FewStepStrength = 0.5;

    // Guidance matters while noise dominates, and costs a second evaluation per step: 20 evaluations in total with 14 steps.
    private static readonly GuidanceIntervalOptions s_guided = new() { Stop = 0.4 };

    /// <summary>
    /// Uses the drawings model in this package: 128 x 128 images on white, of 24 subjects in 12 colours with capes, hats, jewels
    /// and poses. Its defaults are 14 steps with classifier-free guidance at a scale of 1.5 in the first 40 % of the schedule:
    /// 20 evaluations of the network.
    /// </summary>
    /// <param name="builder">The builder.</param>
    /// <param name="device">Device of the networks; null for CUDA if available, else the CPU.</param>
    /// <exception cref="DirectoryNotFoundException">On building: the model's files are not next to the application.</exception>
    public static DiffusionPipelineBuilder UseDrawingsModel(this DiffusionPipelineBuilder builder, TorchSharp.torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder.UseModel((_, chosen) => Open(Shipped(Name), device ?? chosen)).Configure(o => o.ModelId ??= Name);
    }

    /// <summary>
    /// Uses the drawings model distilled to 4 evaluations of the network: its U-Net is patched with low-rank adapters at half
    /// strength, each step of which covers a quarter of the schedule and includes guidance (phased consistency; Wang et al. 2024).
    /// Its defaults are 4 steps, the only number it was trained for, and a guidance scale of 1, which disables guidance: a higher
    /// scale would apply it twice.
    /// </summary>
    /// <inheritdoc cref="UseDrawingsModel" path="/param"/>
    /// <inheritdoc cref="UseDrawingsModel" path="/exception"/>
    public static DiffusionPipelineBuilder UseFewStepDrawingsModel(
        this DiffusionPipelineBuilder builder, TorchSharp.torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        return builder
            .UseModel((_, chosen) => OpenFewSteps(Shipped(Name), ShippedAdapters, device ?? chosen))
            .Configure(o => o.ModelId ??= FewStepName);
    }

    /// <summary>Path of the few-step adapters next to the application.</summary>
    internal static string ShippedAdapters => Path.Combine(Shipped(FewStepName), "pytorch_lora_weights.safetensors");

    /// <summary>Opens a drawings model with its default guidance.</summary>
    internal static DiffusionModel Open(string folder, TorchSharp.torch.Device? device)
    {
        DiffusionModel model = DiffusionModel.Open(folder, device);
        model.Guidance = new IntervalGuidance(new ClassifierFreeGuidance(), DiffusionProcess.FromConfig(model.SchedulerConfig), s_guided);
        (model.Steps, model.GuidanceScale) = (Steps, GuidanceScale);
        return model;
    }

    /// <summary>Opens a drawings model with adapters that were distilled from it.</summary>
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
