using System.Text.Json.Nodes;
using LatentDiffusion;
using LatentDiffusion.Checkpoints;
using LatentDiffusion.Models;
using LatentDiffusion.Networks;
using LatentDiffusion.Samples;
using LatentDiffusion.Schedulers;
using static TorchSharp.torch;

namespace FineTune;

/// <summary>The model that is trained, and a pipeline over the same networks that generates the sample images.</summary>
internal sealed class TunedModel : IDisposable
{
    private TunedModel(DiffusionPipeline pipeline)
    {
        Pipeline = pipeline;
        Components = pipeline.Model!.Components!;
        Parts = Components.Family.CreateTrainable(Components);
        Process = DiffusionProcess.FromConfig(Components.Scheduler);
    }

    public DiffusionPipeline Pipeline { get; }

    public ModelComponents Components { get; }

    public TrainableModel Parts { get; }

    public DiffusionProcess Process { get; }

    /// <summary>All networks.</summary>
    public IEnumerable<nn.Module> Networks => Components.Names.Select(name => Components[name]).OfType<nn.Module>();

    /// <summary>The device of the trained network.</summary>
    public Device Device => Parts.Denoiser.Network.parameters().First().device;

    /// <summary>Side in pixels of the images that the model was trained on.</summary>
    public int ImageSize => Pipeline.Model!.SampleSize * Parts.Autoencoder.DownsamplingFactor;

    /// <summary>Opens the model in float32, in which weights are trained.</summary>
    public static TunedModel Open(FineTuneSettings settings)
    {
        var reading = new CheckpointOptions
        {
            Device = DeviceOption.Open(settings.Device), Type = ScalarType.Float32, Variant = settings.Variant,
            Logger = new WarningsToConsole(),
        };
        string path = settings.Model!;
        if (!File.Exists(path) && !File.Exists(Path.Combine(path, "model_index.json")))
            throw new FileNotFoundException($"'{path}' is not a model: it is neither a file nor a folder with a model_index.json.", path);
        ModelComponents components = File.Exists(path)
            ? SingleFileCheckpoint.Read(path, reading, new SingleFileOptions { TokenizerFolder = settings.Tokenizer })
            : DiffusersFolder.Read(path, reading);
        DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModel(_ => DiffusionModel.FromComponents(components)).UseLoggerFactory(new WarningsToConsole()).Build();
        try
        {
            return new TunedModel(pipeline).WithCheckpointing(settings.GradientCheckpointing);
        }
        catch
        {
            pipeline.Dispose();
            throw;
        }
    }

    /// <summary>Settings that follow from the model, under those that are given.</summary>
    public JsonObject Defaults()
    {
        var objective = new JsonObject();
        if (Process.Schedule is null) objective["flow_time_shift"] = StaticShift();
        // Distilled guidance is trained at a scale of 1, which adds nothing to the captions.
        if (Parts.Denoiser.Description.ReadsGuidanceScale) objective["guidance_scale"] = 1;
        return new JsonObject { ["objective"] = objective, ["data"] = new JsonObject { ["size"] = ImageSize } };
    }

    public void Dispose() => Pipeline.Dispose();

    /// <summary>The shift of the scheduler; 1 for one that follows from the size of each image.</summary>
    private double StaticShift()
    {
        JsonObject scheduler = JsonNode.Parse(Components.Scheduler.ToJson())!.AsObject();
        bool isDynamic = scheduler["use_dynamic_shifting"] is JsonValue dynamic && dynamic.TryGetValue(out bool value) && value;
        return !isDynamic && scheduler["shift"] is JsonValue shift && shift.TryGetValue(out double number) ? number : 1;
    }

    private TunedModel WithCheckpointing(bool enabled)
    {
        if (!enabled) return this;
        if (Parts.Denoiser.Network is not IGradientCheckpointing network)
            throw new NotSupportedException(
                $"gradient_checkpointing is true, and the {Parts.Denoiser.Network.GetType().Name} cannot recompute activations.");
        network.GradientCheckpointing = true;
        return this;
    }
}
