using LatentDiffusion.Tests.Checkpoints;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>
/// The README's example for single files, on small models with the original names and the published options of each family.
/// </summary>
public sealed class SingleFileExampleTests(FamilyFolders folders) : IClassFixture<FamilyFolders>, IDisposable
{
    private static readonly GenerationRequest s_request = new()
    {
        Prompt = "ab a",
        Seed = 3,
        Steps = 2,
        Width = TaskImages.Width,
        Height = TaskImages.Height,
    };

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("sd1", null, PredictionType.Epsilon)]
    [InlineData("sd1-inpaint", null, PredictionType.Epsilon)]
    [InlineData("sd1-tiny", null, PredictionType.Epsilon)]
    [InlineData("sd2", null, PredictionType.Velocity)]
    [InlineData("xl", null, PredictionType.Epsilon)]
    [InlineData("xl", 1, PredictionType.Epsilon)]
    [InlineData("xl-ssd", null, PredictionType.Epsilon)]
    [InlineData("xl-refiner", null, PredictionType.Epsilon)]
    public void Every_family_opens_and_draws_what_its_folder_draws(string family, int? turboSteps, PredictionType prediction)
    {
        GenerationRequest request = family == "sd1-inpaint"
            ? s_request with { InitialImage = TaskImages.Image, Mask = TaskImages.Mask }
            : s_request;
        // Turbo: one step without guidance.
        if (turboSteps is { } steps) request = request with { Steps = steps, GuidanceScale = 1 };
        WriteFile(family);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModelFile(_folder["model.safetensors"], _folder["clip-tokenizer"])
            .Build();
        using DiffusionPipeline folder = new DiffusionPipelineBuilder().UseModelFolder(folders[family]).Build();
        Assert.Equal(prediction, pipeline.Model!.SchedulerConfig.TrainedPrediction());
        Assert.Equal(Draw(folder, request), Draw(pipeline, request));
    }

    [Theory]
    [InlineData("")]
    [InlineData("first_stage_model.")]
    public void A_refiner_is_a_single_file_too(string missing)
    {
        WriteFile("xl-refiner", name => missing.Length == 0 || !name.StartsWith(missing, StringComparison.Ordinal));
        TinyModels.Vocabulary.Save(_folder["tokenizer"]);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModelFolder(folders["xl"])
            .UseRefiner(_folder["model.safetensors"])
            .Build();
        using DiffusionPipeline folder = new DiffusionPipelineBuilder()
            .UseModelFolder(folders["xl"])
            .UseRefiner(folders["xl-refiner"])
            .Build();
        Assert.Equal(Draw(folder, s_request with { Steps = 5 }), Draw(pipeline, s_request with { Steps = 5 }));
    }

    [Theory]
    [InlineData("sd1")]
    [InlineData("xl")]
    public void What_a_file_lacks_comes_from_the_builder(string family)
    {
        WriteFile(family, name => name.StartsWith("model.", StringComparison.Ordinal));
        using DiffusionModel whole = DiffusionModel.Open(folders[family], CPU);
        DiffusionPipelineBuilder File() => new DiffusionPipelineBuilder().UseModelFile(_folder["model.safetensors"], device: CPU);
        using DiffusionPipeline pipeline = File().UseAutoencoder(whole.Autoencoder).UseTextEncoder(whole.TextEncoder).Build();
        using DiffusionPipeline folder = new DiffusionPipelineBuilder().UseModelFolder(folders[family], CPU).Build();
        Assert.Equal(Draw(folder, s_request), Draw(pipeline, s_request));

        Assert.Contains(
            "needs an autoencoder",
            Assert.Throws<InvalidOperationException>(() => File().UseTextEncoder(whole.TextEncoder).Build()).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "needs a text encoder",
            Assert.Throws<InvalidOperationException>(() => File().UseAutoencoder(whole.Autoencoder).Build()).Message,
            StringComparison.Ordinal);
        using DiffusionModel bare = DiffusionModel.OpenFile(_folder["model.safetensors"], device: CPU);
        Assert.Contains(
            "UseAutoencoder",
            Assert.Throws<InvalidOperationException>(() => bare.Autoencoder).Message,
            StringComparison.Ordinal);
        Assert.Contains(
            "UseTextEncoder",
            Assert.Throws<InvalidOperationException>(() => bare.TextEncoder).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Autoencoder_and_ControlNet_are_single_files_too()
    {
        WriteFile("sd1", name => !name.StartsWith("first_stage_model.", StringComparison.Ordinal));
        using (ModelComponents made = FamilyFolders.Make("sd1"))
            SafetensorsWriter.Write(_folder["vae.safetensors"], LdmWriter.Alone((AutoencoderKL)made.Autoencoder));
        using (ControlNetModel control = TinyControlNets.Make("sd1", 0))
            SafetensorsWriter.Write(
                _folder["control.safetensors"],
                LdmWriter.ControlNet(control).Select(t => ("control_model." + t.Name, t.Value)));
        TinyControlNets.Write(_folder["control"], "sd1", 0);
        GenerationRequest request = s_request with { ControlImages = [TaskImages.Image] };
        using LatentAutoencoder autoencoder = LatentAutoencoder.Open(_folder["vae.safetensors"]);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModelFile(_folder["model.safetensors"], _folder["clip-tokenizer"])
            .UseAutoencoder(autoencoder).UseControlNet(_folder["control.safetensors"]).Build();
        using DiffusionPipeline folder = new DiffusionPipelineBuilder()
            .UseModelFolder(folders["sd1"])
            .UseControlNet(_folder["control"])
            .Build();
        Assert.Equal(Draw(folder, request), Draw(pipeline, request));
    }

    [Theory]
    [InlineData("edm_vpred.sigma_max")]
    [InlineData("v_pred ztsnr")]
    public void A_model_of_another_parameterisation_draws(string markers)
    {
        using IDisposable noGrad = no_grad();
        using (ModelComponents made = FamilyFolders.Make("xl"))
            LdmWriter.Write(
                made,
                _folder["model.safetensors"],
                [.. markers.Split(' ').Select(name => (name, name.Contains("sigma") ? tensor(120f) : empty(0)))]);
        TinyModels.Vocabulary.Save(_folder["clip-tokenizer"]);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseModelFile(_folder["model.safetensors"], _folder["clip-tokenizer"])
            .Build();
        Assert.NotEmpty(Draw(pipeline, s_request).Distinct().Skip(1));
    }

    public void Dispose() => _folder.Dispose();

    private void WriteFile(string family, Func<string, bool>? keeps = null)
    {
        using (ModelComponents made = FamilyFolders.Make(family)) LdmWriter.Write(made, _folder["whole.safetensors"]);
        using var file = SafetensorsFile.Open(_folder["whole.safetensors"]);
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(
            _folder["model.safetensors"],
            file.Names.Where(name => keeps?.Invoke(name) ?? true).Select(name => (name, file.Read(name))));
        TinyModels.Vocabulary.Save(_folder["clip-tokenizer"]);
    }

    private static byte[] Draw(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
}
