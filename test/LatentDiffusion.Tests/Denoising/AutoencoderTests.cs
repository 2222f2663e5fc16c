using LatentDiffusion.Tests.Diagnostics;
using LatentDiffusion.Tests.Pipelines;
using Microsoft.Extensions.Logging;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Denoising;

/// <summary>Every kind of autoencoder at the end of a pipeline.</summary>
public sealed class AutoencoderTests(FamilyFolders folders) : IClassFixture<FamilyFolders>, IDisposable
{
    private static readonly GenerationRequest s_request = new() { Prompt = "ab a", Seed = 3, Steps = 2, Width = 16, Height = 16 };

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void A_tiny_autoencoder_scales_its_point()
    {
        using AutoencoderTiny network = Tiny();
        var autoencoder = new LatentAutoencoder(network);
        Assert.Equal((4, 2), (autoencoder.LatentChannels, autoencoder.DownsamplingFactor));
        using IDisposable noGrad = no_grad();
        Tensor images = rand(2, 3, 16, 24) * 2 - 1, latents = randn(2, 4, 8, 12);
        using LatentDistribution encoded = autoencoder.Encode(images);
        Assert.Null(encoded.StandardDeviation);
        Same((network.Encode(images) - 0.1) * 1.5, encoded.Mean);
        Same(network.Decode(latents / 1.5 + 0.1), autoencoder.Decode(latents));
    }

    [Fact]
    public void An_autoencoder_with_a_codebook_decodes_its_vectors()
    {
        using VQModel network = Codebook();
        LatentAutoencoder autoencoder = LatentAutoencoder.Create(network);
        Assert.Equal((4, 2), (autoencoder.LatentChannels, autoencoder.DownsamplingFactor));
        using IDisposable noGrad = no_grad();
        Tensor images = rand(1, 3, 16, 16) * 2 - 1, latents = randn(1, 4, 8, 8);
        using LatentDistribution encoded = autoencoder.Encode(images);
        Same(network.Encode(images) * 0.5, encoded.Mean);
        Same(network.Decode(latents / 0.5), autoencoder.Decode(latents));
        Assert.Throws<NotSupportedException>(() => new LatentAutoencoder((network.Config with { LookupFromCodebook = true }).Build()));
    }

    [Fact]
    public void Statistics_of_the_channels_are_taken_out()
    {
        double[] means = [0.1, -0.2, 0.3, 0], deviations = [1, 2, 0.5, 4];
        using ModelComponents sd1 = FamilyFolders.Make("sd1");
        AutoencoderKLConfig config = ((AutoencoderKL)sd1.Autoencoder).Config with
        {
            LatentsMean = [.. means],
            LatentsStd = [.. deviations],
            ScalingFactor = 0.5,
        };
        using AutoencoderKL network = config.Build();
        var autoencoder = new LatentAutoencoder(network);
        using IDisposable noGrad = no_grad();
        Tensor mean = tensor(means, dtype: ScalarType.Float32).view(1, 4, 1, 1);
        Tensor deviation = tensor(deviations, dtype: ScalarType.Float32).view(1, 4, 1, 1);
        Tensor images = rand(1, 3, 16, 16) * 2 - 1, latents = randn(1, 4, 8, 8);
        (Tensor z, Tensor logVariance) = network.Encode(images);
        using LatentDistribution encoded = autoencoder.Encode(images);
        Same((z - mean) * 0.5 / deviation, encoded.Mean);
        Same((logVariance / 2).exp() * 0.5 / deviation, encoded.StandardDeviation!);
        Same(network.Decode(latents * deviation / 0.5 + mean), autoencoder.Decode(latents));
        Assert.Contains(
            "latents_std 0",
            Assert.Throws<ArgumentException>(() => new LatentAutoencoder((network.Config with { LatentsStd = null }).Build())).Message,
            StringComparison.Ordinal);
    }

    [Theory, InlineData("tiny"), InlineData("codebook")]
    public void A_folder_with_one_opens_and_draws(string kind)
    {
        using ModelComponents sd1 = FamilyFolders.Make("sd1");
        using nn.Module<Tensor, Tensor> network = kind == "tiny" ? Tiny() : Codebook();
        DiffusersFolder.Write(
            new ModelComponents(ModelFamilies.StableDiffusion, sd1.PipelineClass, sd1.Scheduler)
            {
                ["unet"] = sd1.UNet,
                ["vae"] = network,
                ["text_encoder"] = sd1.TextEncoder,
                ["tokenizer"] = sd1.Tokenizer,
            },
            _folder["model"]);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(_folder["model"]).Build();
        byte[] image = pipeline.Generate(s_request).Images[0].Image.Rgb.ToArray();
        using (no_grad()) Assert.Equal(ImageTensor.ToImages(LatentAutoencoder.Create(network).Decode(Latents()))[0].Rgb.ToArray(), image);

        // The same network on its own takes the place of the one that another model brings.
        using LatentAutoencoder opened = LatentAutoencoder.Open(Path.Combine(_folder["model"], "vae"));
        using DiffusionPipeline replaced = new DiffusionPipelineBuilder().UseModelFolder(folders["sd1"]).UseAutoencoder(opened).Build();
        Assert.Equal(image, replaced.Generate(s_request).Images[0].Image.Rgb.ToArray());
        pipeline.Model!.Save(_folder["saved"]);
        Checkpoints.ModelAssert.SameFiles(_folder["model"], _folder["saved"]);
    }

    [Theory]
    [InlineData("xl", null, true)]
    [InlineData("xl", 0.13025, false)]
    [InlineData("sd1", null, false)]
    [InlineData("sd1", 0.13025, true)]
    public void An_autoencoder_of_another_scale_is_warned_of(string family, double? scale, bool warns)
    {
        using (ModelComponents made = DiffusersFolder.Read(folders[family]))
            SafetensorsWriter.Write(_folder["vae.safetensors"], made.Autoencoder.state_dict());
        using LatentAutoencoder opened = LatentAutoencoder.Open(_folder["vae.safetensors"], CPU, scalingFactor: scale);
        using var log = new LogRecorder();
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder()
            .UseLoggerFactory(log)
            .UseModelFolder(folders[family])
            .UseAutoencoder(opened)
            .Build();
        Assert.Equal(
            warns,
            log.Lines.Any(line => line.Level == LogLevel.Warning && line.Text.Contains("scales latents", StringComparison.Ordinal)));
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private Tensor Latents()
    {
        var latents = new LatentsWithoutImage();
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(folders["sd1"]).UseAutoencoder(latents).Build();
        pipeline.Generate(s_request);
        return latents.Last!;
    }

    private static AutoencoderTiny Tiny()
    {
        AutoencoderTiny network = Checkpoints.TinyModels.TinyAutoencoder.Build();
        Reference.FormulaWeights.Fill(network);
        return network;
    }

    private static VQModel Codebook()
    {
        VQModel network = Checkpoints.TinyModels.Codebook.Build();
        Reference.FormulaWeights.Fill(network);
        return network;
    }

    private static void Same(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, 1e-5);
    }
}
