using LatentDiffusion.Tests.Checkpoints;
using Xunit;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>The README's examples, with single files of networks that have the published options.</summary>
public sealed class PublishedSingleFileTests(PublishedFolders folders) : IClassFixture<PublishedFolders>, IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Models => [.. PublishedFolders.Names];

    /// <summary>Those that draw on their own.</summary>
    public static TheoryData<string> Drawing =>
        [.. PublishedFolders.Names.Where(name => !name.Contains("refiner", StringComparison.Ordinal))];

    [Theory, MemberData(nameof(Models))]
    public void Every_published_model_is_read_from_a_single_file(string model)
    {
        using ModelComponents made = DiffusersFolder.Read(folders[model]);
        LdmWriter.Write(made, _folder["model.safetensors"]);
        using ModelComponents read = SingleFileCheckpoint.Read(_folder["model.safetensors"]);
        ModelAssert.SameNetworks(made, read);
        Assert.Equal(made.Scheduler.TrainedPrediction(), read.Scheduler.TrainedPrediction());
        Assert.Equal(((AutoencoderKL)made.Autoencoder).Config.ScalingFactor, ((AutoencoderKL)read.Autoencoder).Config.ScalingFactor);
        Assert.Equal(made.UNet.Config.UpcastAttention, read.UNet.Config.UpcastAttention);
        Assert.Equal(made.RequiresAestheticsScore, read.RequiresAestheticsScore);
        // Both schedules are the same, whatever the class.
        Assert.Equal(made.Scheduler.ToNoiseSchedule().AlphasCumprod[500], read.Scheduler.ToNoiseSchedule().AlphasCumprod[500], 1e-9);
    }

    [Theory, MemberData(nameof(Drawing))]
    public void It_draws_what_its_folder_draws(string model)
    {
        using ModelComponents made = DiffusersFolder.Read(folders[model]);
        LdmWriter.Write(made, _folder["model.safetensors"]);
        // Numbers of heads that no shape shows: the narrow networks here have others than the published.
        var configs = new Dictionary<string, NetworkConfig>();
        if (made.UNet.Config.UseLinearProjection) configs["unet"] = made.UNet.Config;
        if (made.TextEncoder is { } first) configs["text_encoder"] = first.Config;
        if (made.TextEncoder2 is { } second) configs["text_encoder_2"] = second.Config;
        var options = new SingleFileOptions { Configs = configs };
        using DiffusionPipeline folder = new DiffusionPipelineBuilder().UseModelFolder(folders[model]).Build();
        using DiffusionPipeline file = new DiffusionPipelineBuilder()
            .UseModelFile(_folder["model.safetensors"], Path.Combine(folders[model], "tokenizer"), options)
            .UseScheduler(NoiseScheduler.FromConfig(made.Scheduler))
            .Build();
        GenerationRequest request = model.Contains("inpainting", StringComparison.Ordinal)
            ? new() { Prompt = "ab a", Seed = 1, Steps = 2, InitialImage = TaskImages.Image, Mask = TaskImages.Mask }
            : new() { Prompt = "ab a", Seed = 1, Steps = 2, Width = 64, Height = 64 };
        Assert.Equal(folder.Generate(request).Images[0].Image.Rgb.ToArray(), file.Generate(request).Images[0].Image.Rgb.ToArray());
    }

    public void Dispose() => _folder.Dispose();
}
