using System.Text.Json.Nodes;
using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Diagnostics;
using LatentDiffusion.Tests.Families;
using Microsoft.Extensions.Logging;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Autoencoders from other files and folders in place of the models', for every family.</summary>
public sealed class ReplacedAutoencoderTests(FamilyFolders families, TransformerFolders transformers)
    : IClassFixture<FamilyFolders>, IClassFixture<TransformerFolders>, IDisposable
{
    private static readonly GenerationRequest s_request = new() { Prompt = "ab a", Seed = 3, Steps = 2, Width = 32, Height = 32 };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Families => ["sd1", "sd2", "xl", "sd1-vq", "sd1-taesd", .. TransformerFolders.Names];

    [Theory, MemberData(nameof(Families))]
    public void A_copy_of_the_models_autoencoder_gives_the_same_image(string family)
    {
        string model = Folder(family), vae = Autoencoder(family);
        byte[] expected = Generate(new DiffusionPipelineBuilder().UseModelFolder(model, CPU));
        Assert.Equal(expected, Generate(new DiffusionPipelineBuilder().UseModelFolder(model, CPU).UseAutoencoder(vae)));
        if (Other(family) is not { } network) return;

        // Another training of it, also under the original names without a word on the scale of the latents: the model's.
        using nn.Module other = network;
        DiffusersFolder.WriteNetwork(network, _folder["other"]);
        SafetensorsWriter.Write(_folder["other.safetensors"], Alone(network));
        using var log = new LogRecorder();
        byte[] replaced = Generate(new DiffusionPipelineBuilder().UseModelFolder(model, CPU).UseLoggerFactory(log)
            .UseAutoencoder(_folder["other.safetensors"]));
        Assert.Equal(replaced, Generate(new DiffusionPipelineBuilder().UseModelFolder(model, CPU).UseAutoencoder(_folder["other"])));
        Assert.NotEqual(expected, replaced);
        Assert.DoesNotContain(log.Lines, line => line.Level == LogLevel.Warning && line.Text.Contains("scales latents"));
    }

    [Fact]
    public void A_model_folder_supplies_its_autoencoder() => Assert.Equal(
        Generate(new DiffusionPipelineBuilder().UseModelFolder(families["sd1"], CPU).UseAutoencoder(families["sd1-taesd"])),
        Generate(new DiffusionPipelineBuilder().UseModelFolder(families["sd1"], CPU).UseAutoencoder(Autoencoder("sd1-taesd"))));

    [Fact]
    public void A_file_that_states_its_scale_keeps_it()
    {
        SafetensorsWriter.Write(
            _folder["vae.safetensors"], Alone(Autoencoder("xl")),
            new Dictionary<string, string> { ["modelspec.architecture"] = "stable-diffusion-v1/vae" });
        using var log = new LogRecorder();
        byte[] stated = Generate(new DiffusionPipelineBuilder().UseModelFolder(families["xl"], CPU).UseLoggerFactory(log)
            .UseAutoencoder(_folder["vae.safetensors"]));
        Assert.Contains(log.Lines, line => line.Level == LogLevel.Warning && line.Text.Contains("scales latents"));
        byte[] given = Generate(new DiffusionPipelineBuilder().UseModelFolder(families["xl"], CPU)
            .UseAutoencoder(_folder["vae.safetensors"], scalingFactor: 0.13025));
        byte[] own = Generate(new DiffusionPipelineBuilder().UseModelFolder(families["xl"], CPU));
        Assert.NotEqual(own, stated);
        Assert.Equal(own, given);
    }

    [Fact]
    public void Statistics_of_the_models_latents_stay()
    {
        // Playground 2.5: an XL model whose latents are normalised by channel.
        using (ModelComponents xl = FamilyFolders.Make("xl"))
        using (AutoencoderKL normalised = (((AutoencoderKL)xl.Autoencoder).Config with
        {
            ScalingFactor = 0.5, LatentsMean = [-1.6, 1, 1.3, -1.6], LatentsStd = [8.4, 5.9, 6.6, 5.7],
        }).Build())
        {
            Reference.FormulaWeights.Fill(normalised);
            DiffusersFolder.Write(
                new ModelComponents(xl.Family, xl.PipelineClass, xl.Scheduler)
                {
                    [ComponentNames.UNet] = xl.UNet, [ComponentNames.Autoencoder] = normalised,
                    [ComponentNames.TextEncoder] = xl.TextEncoder, [ComponentNames.TextEncoder2] = xl.TextEncoder2,
                    [ComponentNames.Tokenizer] = xl.Tokenizer, [ComponentNames.Tokenizer2] = xl.Tokenizer2, Settings = xl.Settings,
                },
                _folder["playground"]);
        }

        SafetensorsWriter.Write(_folder["vae.safetensors"], Alone(Path.Combine(_folder["playground"], "vae")));
        byte[] own = Generate(new DiffusionPipelineBuilder().UseModelFolder(_folder["playground"], CPU));
        Assert.Equal(own, Generate(new DiffusionPipelineBuilder().UseModelFolder(_folder["playground"], CPU)
            .UseAutoencoder(_folder["vae.safetensors"])));
        Assert.NotEqual(own, Generate(new DiffusionPipelineBuilder().UseModelFolder(families["xl"], CPU)));
    }

    [Fact]
    public void A_single_file_model_accepts_another_autoencoder()
    {
        using (ModelComponents made = DiffusersFolder.Read(families["xl"])) LdmWriter.Write(made, _folder["model.safetensors"]);
        foreach (string file in new[] { "vocab.json", "merges.txt" })
            File.Copy(Path.Combine(families["xl"], "tokenizer", file), _folder[file]);
        SafetensorsWriter.Write(_folder["vae.safetensors"], Alone(Autoencoder("xl")));
        byte[] own = Generate(new DiffusionPipelineBuilder().UseModelFile(_folder["model.safetensors"], device: CPU));
        Assert.Equal(own, Generate(new DiffusionPipelineBuilder().UseModelFile(_folder["model.safetensors"], device: CPU)
            .UseAutoencoder(_folder["vae.safetensors"])));
        // Within a whole model.
        Assert.Equal(own, Generate(new DiffusionPipelineBuilder().UseModelFile(_folder["model.safetensors"], device: CPU)
            .UseAutoencoder(_folder["model.safetensors"])));
    }

    [Fact]
    public void Half_precision_files_compute_in_single_precision_on_a_CPU()
    {
        using (AutoencoderKL network = DiffusersFolder.ReadNetwork<AutoencoderKL>(Autoencoder("xl")))
            DiffusersFolder.WriteNetwork(network, _folder["fp16-fix"], ScalarType.Float16);
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(families["xl"], CPU)
            .UseAutoencoder(_folder["fp16-fix"]).Build();
        GeneratedImage image = pipeline.Generate(s_request).Images[0];
        byte[] own = Generate(new DiffusionPipelineBuilder().UseModelFolder(families["xl"], CPU));
        Assert.All(own.Zip(image.Image.Rgb.ToArray()), p => Assert.InRange(p.First - p.Second, -2, 2));
        Assert.Equal("fp16-fix", image.Metadata["autoencoder"]);
        Assert.DoesNotContain(image.Metadata.Values, text => text.Contains(_folder[""], StringComparison.Ordinal));
    }

    [Theory, InlineData("sd1", 4, false), InlineData("sd3", 16, false), InlineData("flux2", 0, false), InlineData("sd1", 4, true)]
    public void A_tiny_autoencoder_replaces_a_large_one(string family, int channels, bool isFolder)
    {
        // FLUX.2 denoises patches of two by two of the tiny autoencoder's latents.
        (int own, int factor) = Latents(family);
        int patch = family == "flux2" ? 2 : 1, stages = 1 + (int)Math.Log2(factor / patch);
        if (channels == 0) channels = own / 4;
        using AutoencoderTiny network = AutoencoderFolders.Tiny(channels, stages, pool: patch == 2);
        if (isFolder) DiffusersFolder.WriteNetwork(network, _folder["tiny"]);
        else AutoencoderFolders.WriteHalves(network, _folder["tae_encoder.safetensors"], _folder["tae_decoder.safetensors"]);
        using var expected = new LatentAutoencoder(network, patch);
        Assert.Equal((own, factor), (expected.LatentChannels, expected.DownsamplingFactor));
        string path = _folder[isFolder ? "tiny" : "tae_decoder.safetensors"];
        byte[] image = Generate(new DiffusionPipelineBuilder().UseModelFolder(Folder(family), CPU).UseAutoencoder(path));
        Assert.Equal(
            Generate(new DiffusionPipelineBuilder().UseModelFolder(Folder(family), CPU).UseAutoencoder(expected)), image);
        if (isFolder) return;
        // Either half leads to the other.
        Assert.Equal(image, Generate(new DiffusionPipelineBuilder().UseModelFolder(Folder(family), CPU)
            .UseAutoencoder(_folder["tae_encoder.safetensors"])));
        GenerationRequest again = s_request with
        {
            InitialImage = TaskImages.Create(32, 32, (x, y) => ((byte)(x * 8), (byte)(y * 8), 0)), Strength = 0.5,
        };
        using DiffusionPipeline pipeline = new DiffusionPipelineBuilder().UseModelFolder(Folder(family), CPU).UseAutoencoder(path)
            .Build();
        Assert.Single(pipeline.Generate(again).Images);
    }

    [Theory, InlineData("sd1", 16), InlineData("sd3", 4), InlineData("flux2", 4)]
    public void Another_number_of_channels_is_refused_when_the_pipeline_is_built(string family, int channels)
    {
        const string File = "tae_decoder.safetensors";
        using AutoencoderTiny network = AutoencoderFolders.Tiny(channels);
        AutoencoderFolders.WriteHalves(network, _folder["tae_encoder.safetensors"], _folder["tae_decoder.safetensors"]);
        string[] errors =
        [
            Refused(b => b.UseAutoencoder(_folder[File])), Refused(b => b.UsePreview(_folder[File])),
        ];
        Assert.All(errors, message =>
        {
            Assert.Contains($"'{File}'", message, StringComparison.Ordinal);
            Assert.Contains(
                $"{channels} latent channels; expected the model's {Latents(family).Channels}", message, StringComparison.Ordinal);
            Assert.DoesNotContain(_folder[""], message, StringComparison.Ordinal);
        });
        using var preview = new TinyAutoencoderPreview(network);
        Assert.Contains(
            $"TinyAutoencoderPreview does not decode latents of {Latents(family).Channels} channels", Refused(b => b.UsePreview(preview)),
            StringComparison.Ordinal);
        LinearPreview linear = channels == 4 ? LinearPreview.StableDiffusion : LinearPreview.Flux;
        Assert.Contains("LinearPreview does not decode latents", Refused(b => b.UsePreview(linear)), StringComparison.Ordinal);

        string Refused(Func<DiffusionPipelineBuilder, DiffusionPipelineBuilder> use) => Assert.Throws<InvalidOperationException>(
            () => use(new DiffusionPipelineBuilder().UseModelFolder(Folder(family), CPU)).Build()).Message;
    }

    [Fact]
    public void Another_size_of_latents_is_refused()
    {
        using AutoencoderTiny network = AutoencoderFolders.Tiny(4, stages: 3);
        DiffusersFolder.WriteNetwork(network, _folder["tiny"]);
        Assert.Contains(
            "The autoencoder 'tiny' has a downsampling factor of 4; expected the model's 2",
            Assert.Throws<InvalidOperationException>(
                () => new DiffusionPipelineBuilder().UseModelFolder(families["sd1"], CPU).UseAutoencoder(_folder["tiny"]).Build()).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Two_autoencoders_or_previews_are_refused()
    {
        using LatentAutoencoder other = LatentAutoencoder.Open(Autoencoder("sd1"), CPU);
        DiffusionPipelineBuilder Builder() => new DiffusionPipelineBuilder().UseModelFolder(families["sd1"], CPU);
        Assert.Contains("UseAutoencoder", Assert.Throws<InvalidOperationException>(
            () => Builder().UseAutoencoder(other).UseAutoencoder(families["sd1"]).Build()).Message, StringComparison.Ordinal);
        Assert.Contains("UsePreview", Assert.Throws<InvalidOperationException>(
            () => Builder().UsePreview(LinearPreview.Flux).UsePreview(families["sd1"]).Build()).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Builder().UseAutoencoder("vae", scalingFactor: 0));
        Assert.Throws<ArgumentException>(() => Builder().UseAutoencoder(""));
        Assert.Throws<ArgumentException>(() => Builder().UsePreview(""));
    }

    [Fact]
    public async Task Previews_are_the_tiny_autoencoders_images()
    {
        using AutoencoderTiny network = AutoencoderFolders.Tiny();
        AutoencoderFolders.WriteHalves(network, _folder["unused.safetensors"], _folder["taesd_decoder.safetensors"]);
        using var given = new TinyAutoencoderPreview(network);
        byte[][] expected = await Previews(b => b.UsePreview(given)), found = await Previews(
            b => b.UsePreview(_folder["taesd_decoder.safetensors"]));
        Assert.Equal(2, found.Length);
        Assert.Equal(32 * 32 * 3, found[0].Length);
        Assert.Equal(expected, found);
        // Only where the denoiser computes is the network needed.
        Assert.Equal(expected, await Previews(b => b.UsePreview(_folder["taesd_decoder.safetensors"]).UseOffload()));

        async Task<byte[][]> Previews(Func<DiffusionPipelineBuilder, DiffusionPipelineBuilder> use)
        {
            using DiffusionPipeline pipeline = use(new DiffusionPipelineBuilder().UseModelFolder(families["sd1"], CPU))
                .UseScheduler("euler").Build();
            var previews = new List<byte[]>();
            await foreach (GenerationUpdate update in pipeline.GenerateStreamingAsync(s_request))
                previews.AddRange(update.Previews.Select(p => p.Rgb.ToArray()));
            return [.. previews];
        }
    }

    public void Dispose() => _folder.Dispose();

    private static byte[] Generate(DiffusionPipelineBuilder builder)
    {
        using DiffusionPipeline pipeline = builder.Build();
        return pipeline.Generate(s_request).Images[0].Image.Rgb.ToArray();
    }

    private string Folder(string family) => TransformerFolders.Names.Contains(family) ? transformers[family] : families[family];

    /// <summary>The folder of a family's autoencoder, whose configuration names its class as published ones do.</summary>
    private string Autoencoder(string family)
    {
        string folder = Path.Combine(Folder(family), "vae"), config = Path.Combine(folder, "config.json");
        JsonObject options = JsonNode.Parse(File.ReadAllText(config))!.AsObject();
        if (options["_class_name"] is not null) return folder;
        options["_class_name"] = options["batch_norm_eps"] is null ? nameof(AutoencoderKL) : nameof(AutoencoderKLFlux2);
        Directory.CreateDirectory(_folder["own"]);
        foreach (string file in Directory.GetFiles(folder)) File.Copy(file, Path.Combine(_folder["own"], Path.GetFileName(file)), true);
        File.WriteAllText(Path.Combine(_folder["own"], "config.json"), options.ToJsonString());
        return _folder["own"];
    }

    private (int Channels, int Factor) Latents(string family)
    {
        using LatentAutoencoder own = LatentAutoencoder.Open(Autoencoder(family), CPU);
        return (own.LatentChannels, own.DownsamplingFactor);
    }

    /// <summary>An autoencoder for the latents of a family, with other weights; null for a kind that has no original names.</summary>
    private nn.Module? Other(string family)
    {
        using nn.Module<Tensor, Tensor> own = DiffusersFolder.ReadAutoencoder(Autoencoder(family));
        nn.Module? other = own switch
        {
            AutoencoderKL { Config: var c } => new AutoencoderKLConfig
            {
                BlockOutChannels = [.. c.BlockOutChannels.Select(_ => 32)],
                DownBlockTypes = c.DownBlockTypes, UpBlockTypes = c.UpBlockTypes,
                LatentChannels = c.LatentChannels, ScalingFactor = c.ScalingFactor, ShiftFactor = c.ShiftFactor,
                UseQuantConv = c.UseQuantConv, UsePostQuantConv = c.UsePostQuantConv,
            }.Build(),
            AutoencoderKLFlux2 { Config: var c } => new AutoencoderKLFlux2Config
            {
                BlockOutChannels = [.. c.BlockOutChannels.Select(_ => 32)],
                DownBlockTypes = c.DownBlockTypes, UpBlockTypes = c.UpBlockTypes,
                LatentChannels = c.LatentChannels, LayersPerBlock = 1,
            }.Build(),
            _ => null,
        };
        if (other is null) return null;
        Reference.FormulaWeights.Fill(other);
        // Where the small network is like the model's own, its images are still others.
        using IDisposable noGrad = no_grad();
        other.state_dict()["decoder.conv_out.bias"].fill_(0.3);
        return other;
    }

    private static (string Name, Tensor Value)[] Alone(nn.Module network) =>
        network is AutoencoderKLFlux2 flux2 ? [.. LdmWriter.Alone(flux2)] : [.. LdmWriter.Alone((AutoencoderKL)network)];

    private static (string Name, Tensor Value)[] Alone(string vae) => Alone(DiffusersFolder.ReadAutoencoder(vae));
}
