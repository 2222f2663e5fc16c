using System.Globalization;

namespace LatentDiffusion.Judge;

/// <summary>A model whose images are judged: a model folder, or the shipped model.</summary>
/// <param name="folder">The model folder; null for the shipped model.</param>
/// <param name="adapters">Adapters distilled from the model, with which it is sampled in few steps; null for none.</param>
internal sealed class SampledModel(string? folder, string? adapters = null)
{
    private readonly Lazy<string> _fingerprint = new(
        () => Fingerprint.HashFolder(folder ?? Shipped) + (adapters is null ? "" : $"-{Fingerprint.HashFile(adapters)}"));

    private readonly Lazy<int> _imageSize = new(() =>
    {
        using DiffusionModel model = DrawingsModelExtensions.Open(folder ?? Shipped, TorchSharp.torch.CPU);
        return model.SampleSize * model.Autoencoder.DownsamplingFactor;
    });

    /// <summary>Folder of the shipped model in the application's folder.</summary>
    public static string Shipped => Path.Combine(AppContext.BaseDirectory, "models", "drawings");

    /// <summary>Folder of the model.</summary>
    public string Folder => folder ?? Shipped;

    /// <summary>Whether it is the shipped model.</summary>
    public bool IsShipped => folder is null;

    /// <summary>Fingerprint of the model.</summary>
    public string Print => _fingerprint.Value;

    /// <summary>Width and height of its images in pixels, and therefore of the drawings that it is compared with.</summary>
    public int ImageSize => _imageSize.Value;

    /// <summary>A builder with the defaults of the drawings' package, which also apply to a given folder.</summary>
    public DiffusionPipelineBuilder Builder() => new DiffusionPipelineBuilder().UseModel(
        _ => adapters is null
            ? DrawingsModelExtensions.Open(Folder, device: null)
            : DrawingsModelExtensions.OpenFewSteps(Folder, adapters, device: null));

    /// <summary>All that images of a pipeline of <see cref="Builder"/> depend on: the model and the default settings.</summary>
    public string Describe(DiffusionPipeline pipeline)
    {
        string settings = string.Join(
            ", ",
            pipeline.Settings.Where(s => s.Key is "guidance" or "loras" or "precision").Select(s => $"{s.Key} {s.Value}"));
        DiffusionModel model = pipeline.Model!;
        return string.Create(
            CultureInfo.InvariantCulture,
            $"model {Print}, {model.Steps} steps, guidance scale {model.GuidanceScale}, {settings}");
    }

    /// <summary>Configuration of the model's scheduler.</summary>
    public SchedulerConfig Scheduler() =>
        SchedulerConfig.Parse(File.ReadAllText(Path.Combine(Folder, "scheduler", "scheduler_config.json")));
}
