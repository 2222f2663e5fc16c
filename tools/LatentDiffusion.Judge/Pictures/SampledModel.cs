using System.Globalization;

namespace LatentDiffusion.Judge;

/// <summary>A model folder whose pictures are judged: a given one, or that of the shipped model.</summary>
/// <param name="folder">The given one; null for the shipped model.</param>
/// <param name="adapters">Adapters that were distilled from it, with which it is sampled in few steps; null for none.</param>
internal sealed class SampledModel(string? folder, string? adapters = null)
{
    private readonly Lazy<string> _fingerprint = new(
        () => Fingerprint.OfFolder(folder ?? Shipped) + (adapters is null ? "" : $"-{Fingerprint.OfFile(adapters)}"));

    /// <summary>Where the shipped model lies beside the application.</summary>
    public static string Shipped => Path.Combine(AppContext.BaseDirectory, "models", "drawings");

    /// <summary>Where it lies.</summary>
    public string Folder => folder ?? Shipped;

    /// <summary>Whether it is the shipped one.</summary>
    public bool IsShipped => folder is null;

    /// <summary>Tells it from others.</summary>
    public string Print => _fingerprint.Value;

    /// <summary>As a user of the drawings' package has it: a given folder is sampled as if it were shipped.</summary>
    public DiffusionPipelineBuilder Builder() => new DiffusionPipelineBuilder().UseModel(
        _ => adapters is null ? DrawingsModelExtensions.Open(Folder, device: null) : DrawingsModelExtensions.OpenFewSteps(Folder, adapters, device: null));

    /// <summary>What pictures of a pipeline of <see cref="Builder"/> follow from: the model, and its settings where a request has none.</summary>
    public string Describe(DiffusionPipeline pipeline)
    {
        string settings = string.Join(", ", pipeline.Settings.Where(s => s.Key is "guidance" or "loras" or "precision").Select(s => $"{s.Key} {s.Value}"));
        return string.Create(CultureInfo.InvariantCulture, $"model {Print}, {pipeline.Model!.Steps} steps, guidance scale {pipeline.Model.GuidanceScale}, {settings}");
    }

    /// <summary>Configuration of its own scheduler.</summary>
    public SchedulerConfig Scheduler() => SchedulerConfig.Parse(File.ReadAllText(Path.Combine(Folder, "scheduler", "scheduler_config.json")));
}
