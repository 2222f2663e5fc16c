namespace LatentDiffusion.Judge;

/// <summary>A model folder whose pictures are judged: a given one, or that of the shipped model.</summary>
/// <param name="folder">The given one; null for the shipped model.</param>
internal sealed class SampledModel(string? folder)
{
    private readonly Lazy<string> _fingerprint = new(() => Fingerprint.OfFolder(folder ?? Shipped));

    /// <summary>Where the shipped model lies beside the application.</summary>
    public static string Shipped => Path.Combine(AppContext.BaseDirectory, "models", "drawings");

    /// <summary>Where it lies.</summary>
    public string Folder => folder ?? Shipped;

    /// <summary>Tells it from others.</summary>
    public string Print => _fingerprint.Value;

    /// <summary>As a user has it: a folder with the library's default settings, the shipped model with its own.</summary>
    public DiffusionPipelineBuilder Builder() =>
        folder is null ? new DiffusionPipelineBuilder().UseDrawingsModel() : new DiffusionPipelineBuilder().UseModelFolder(folder);

    /// <summary>Configuration of its own scheduler.</summary>
    public SchedulerConfig Scheduler() => SchedulerConfig.Parse(File.ReadAllText(Path.Combine(Folder, "scheduler", "scheduler_config.json")));
}
