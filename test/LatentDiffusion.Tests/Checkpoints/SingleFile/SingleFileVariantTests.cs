using LatentDiffusion.Tests.Diagnostics;
using Microsoft.Extensions.Logging;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>
/// Differences between single files in circulation and the published ones: other names, markers, more or fewer tensors.
/// </summary>
public sealed class SingleFileVariantTests : IDisposable
{
    private const string OpenClipXL = "conditioner.embedders.1.model.";

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Only_OpenClips_own_projection_is_transposed(bool linear)
    {
        // Square, so that a matrix in the wrong orientation has the right shape.
        using ModelComponents made = SquareProjection();
        Write(made, (name, value) => linear && name == OpenClipXL + "text_projection"
            ? (name + ".weight", value.t().contiguous())
            : (name, value));
        using ModelComponents read = Read();
        ModelAssert.SameNetworks(made, read);
    }

    [Fact]
    public void Transformers_names_are_known_under_OpenClips_prefix()
    {
        using ModelComponents made = SquareProjection();
        Write(made, (name, value) => name.StartsWith(OpenClipXL, StringComparison.Ordinal) ? null : (name, value),
            more: [.. made.TextEncoder2!.state_dict().Select(t => (OpenClipXL + t.Key, t.Value))]);
        using ModelComponents read = Read();
        ModelAssert.SameNetworks(made, read);
    }

    [Fact]
    public void Names_of_before_text_model_are_known()
    {
        using ModelComponents made = TinyModels.Make("sd1");
        const string Prefix = "cond_stage_model.transformer.";
        Write(made, (name, value) => (name.Replace($"{Prefix}text_model.", Prefix, StringComparison.Ordinal), value),
            more: [("cond_stage_model.transformer.embeddings.position_ids", arange(16).unsqueeze(0))]);
        using ModelComponents read = Read();
        ModelAssert.SameNetworks(made, read);
    }

    [Fact]
    public void A_tower_of_SD2_written_from_a_folder_keeps_its_last_layer()
    {
        using ModelComponents made = TinyModels.Make("sd2");
        int last = made.TextEncoder!.Config.NumHiddenLayers;
        Write(made, (name, value) =>
            name.Contains($".resblocks.{last}.", StringComparison.Ordinal) || name.EndsWith(".text_projection", StringComparison.Ordinal)
                ? null
                : (name, value));
        using ModelComponents read = Read();
        ModelAssert.SameNetworks(made, read);
    }

    [Theory]
    [InlineData("sd1", "v_pred", null, null, PredictionType.Velocity)]
    [InlineData("xl", "v_pred", null, null, PredictionType.Velocity)]
    [InlineData("xl", "v_pred", "epsilon", null, PredictionType.Velocity)]
    [InlineData("xl", null, "v", null, PredictionType.Velocity)]
    [InlineData("xl", null, "v_pred", null, PredictionType.Velocity)]
    [InlineData("sd2", null, "epsilon", null, PredictionType.Epsilon)]
    [InlineData("sd2", null, null, null, PredictionType.Velocity)]
    [InlineData("xl", "v_pred", "v", PredictionType.Epsilon, PredictionType.Epsilon)]
    public void What_the_UNet_predicts_is_taken_from_the_file(
        string family,
        string? marker,
        string? metadata,
        PredictionType? option,
        PredictionType expected)
    {
        using ModelComponents made = TinyModels.Make(family);
        Write(
            made,
            (name, value) => (name, value),
            marker is null ? [] : [(marker, empty(0))],
            metadata is null ? null : new() { ["modelspec.prediction_type"] = metadata });
        using ModelComponents read = Read(new SingleFileOptions { PredictionType = option });
        Assert.Equal(expected, NoiseScheduler.FromConfig(read.Scheduler).PredictionType);
        Assert.Equal(expected, read.Scheduler.TrainedPrediction());
    }

    [Theory]
    [InlineData("sd1")]
    [InlineData("sd2")]
    [InlineData("xl")]
    public void Zero_terminal_snr_is_taken_from_its_marker(string family)
    {
        using ModelComponents made = TinyModels.Make(family);
        Write(made, (name, value) => (name, value), [("v_pred", empty(0)), ("ztsnr", empty(0))]);
        using ModelComponents read = Read();
        NoiseScheduler scheduler = NoiseScheduler.FromConfig(read.Scheduler);
        Assert.Equal(0, scheduler.Schedule!.AlphasCumprod[^1], 1e-6);
        using ISchedulerRun run = scheduler.Start(new SamplingOptions { Steps = 3 });
        Assert.Equal(999, run.Timesteps[0]);
    }

    [Fact]
    public void An_unknown_prediction_type_is_refused_by_name()
    {
        using ModelComponents made = TinyModels.Make("sd1");
        Write(made, (name, value) => (name, value), metadata: new() { ["modelspec.prediction_type"] = "hologram" });
        Assert.Contains("'hologram'", Assert.Throws<CheckpointException>(() => Read()).Message, StringComparison.Ordinal);
        using ModelComponents read = Read(new SingleFileOptions { PredictionType = PredictionType.Sample });
        Assert.Equal(PredictionType.Sample, read.Scheduler.TrainedPrediction());
    }

    [Fact]
    public void Markers_of_EDM_select_its_scheduler()
    {
        using ModelComponents made = TinyModels.Make("xl");
        Write(made, (name, value) => (name, value), [("edm_vpred.sigma_max", tensor(120f)), ("edm_vpred.sigma_min", tensor(0.002f))]);
        using ModelComponents read = Read();
        Assert.Equal(EdmEulerScheduler.ClassName, read.Scheduler.ClassName);
        Assert.Equal((120.0, 1.0), (read.Scheduler.Number("sigma_max")!.Value, read.Scheduler.Number("sigma_data")!.Value));
        Assert.Equal(0.002, read.Scheduler.Number("sigma_min")!.Value, 1e-6);
        Assert.Equal(PredictionType.Velocity, NoiseScheduler.FromConfig(read.Scheduler).PredictionType);
    }

    [Fact]
    public void Statistics_of_latents_are_taken_from_their_markers()
    {
        using ModelComponents made = TinyModels.Make("xl");
        float[] means = [-1.6574f, 1.886f, -1.383f, 2.5155f], deviations = [8.4927f, 5.9022f, 6.5498f, 5.2299f];
        (string, Tensor)[] statistics =
            [("edm_mean", tensor(means).view(1, 4, 1, 1)), ("edm_std", tensor(deviations).view(1, 4, 1, 1))];
        Write(made, (name, value) => (name, value), statistics);
        using ModelComponents read = Read();
        AutoencoderKLConfig config = ((AutoencoderKL)read.Autoencoder).Config;
        Assert.Equal(means.Select(m => (double)m), config.LatentsMean!.Value);
        Assert.Equal(deviations.Select(m => (double)m), config.LatentsStd!.Value);
        Assert.Equal((0.5, EdmDpmSolverScheduler.ClassName), (config.ScalingFactor, read.Scheduler.ClassName));
    }

    [Theory]
    [InlineData("edm_mean", new[] { 1f, 2, 3, 4 }, "only one of")]
    [InlineData("edm_vpred.sigma_max", new[] { -1f }, "edm_vpred.sigma_max")]
    [InlineData("edm_vpred.sigma_max", new[] { 1f, 2 }, "edm_vpred.sigma_max")]
    public void Markers_that_make_no_sense_are_refused_by_name(string marker, float[] values, string named)
    {
        using ModelComponents made = TinyModels.Make("xl");
        Write(made, (name, value) => (name, value), [(marker, tensor(values))]);
        Assert.Contains(named, Assert.Throws<CheckpointException>(() => Read()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Named_tensors_are_left_out_and_logged()
    {
        using ModelComponents made = TinyModels.Make("sd1");
        (string, Tensor)[] more =
        [
            ("control_model.zero_convs.0.0.weight", rand(2)), ("embedding_manager.x", rand(1)),
            ("model.diffusion_model.extra", rand(1)),
        ];
        Write(made, (name, value) => (name, value), more);
        Assert.Equal(
            ["control_model.zero_convs.0.0.weight", "embedding_manager.x"],
            Assert.Throws<CheckpointException>(() => Read()).Unexpected.Order());
        using var log = new LogRecorder();
        string[] ignored = ["control_model.*", "embedding_manager.x", "model.diffusion_model.extra"];
        using ModelComponents read = Read(new SingleFileOptions { IgnoredTensors = ignored }, log);
        ModelAssert.SameNetworks(made, read);
        (_, LogLevel level, string text) = Assert.Single(log.Lines);
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains("3 tensors", text, StringComparison.Ordinal);
        Assert.Contains("embedding_manager.x", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.diffusion_model.input_blocks.1.0.in_layers.7.weight")]
    [InlineData("first_stage_model.model_ema.decay")]
    [InlineData("cond_stage_model.transformer.visual_projection.weight")]
    public void Unknown_tensors_are_named_in_the_form_of_IgnoredTensors(string name)
    {
        using ModelComponents made = TinyModels.Make("sd1");
        Write(made, (known, value) => (known, value), [(name, rand(1))]);
        Assert.Equal([name], Assert.Throws<CheckpointException>(() => Read()).Unexpected);
        using ModelComponents read = Read(new SingleFileOptions { IgnoredTensors = [name] });
        ModelAssert.SameNetworks(made, read);
    }

    [Fact]
    public void Unknown_tensors_are_left_out_where_that_is_asked_for()
    {
        using ModelComponents made = TinyModels.Make("sd1");
        (string, Tensor)[] more =
        [
            ("surprise", rand(2)), ("model.diffusion_model.input_blocks.1.0.in_layers.7.weight", rand(1)),
            ("first_stage_model.extra", rand(1)),
        ];
        Write(made, (name, value) => (name, value), more);
        using var log = new LogRecorder();
        using ModelComponents read = Read(new SingleFileOptions { IgnoreUnknownTensors = true }, log);
        ModelAssert.SameNetworks(made, read);
        foreach (string name in new[] { "surprise", "in_layers.7.weight", "first_stage_model.extra" })
            Assert.Contains(log.Lines, line => line.Level == LogLevel.Warning && line.Text.Contains(name, StringComparison.Ordinal));
    }

    [Fact]
    public void A_latent_consistency_model_keeps_its_guidance_embedding()
    {
        using ModelComponents plain = TinyModels.Make("sd1");
        using UNet2DConditionModel network = (plain.UNet.Config with { TimeCondProjDim = 8 }).Build();
        using var made = new ModelComponents(ModelFamilies.StableDiffusion, plain.PipelineClass, plain.Scheduler)
        {
            ["unet"] = network,
            ["vae"] = plain.Autoencoder,
            ["text_encoder"] = plain.TextEncoder,
        };
        LdmWriter.Write(made, _folder["a.safetensors"]);
        using ModelComponents read = Read();
        ModelAssert.SameNetworks(made, read);
        Assert.Equal((8, LcmScheduler.ClassName), (read.UNet.Config.TimeCondProjDim, read.Scheduler.ClassName));
    }

    [Fact]
    public void A_network_must_be_complete_whatever_is_left_out()
    {
        using ModelComponents made = TinyModels.Make("sd1");
        Write(made, (name, value) => name == "model.diffusion_model.out.2.bias" ? null : (name, value));
        CheckpointException error = Assert.Throws<CheckpointException>(() => Read(new SingleFileOptions { IgnoreUnknownTensors = true }));
        Assert.Equal(["conv_out.bias"], error.Missing);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a*b")]
    [InlineData("*a")]
    public void A_pattern_is_checked(string pattern) =>
        Assert.Throws<ArgumentException>(() => new SingleFileOptions { IgnoredTensors = [pattern] });

    [Theory]
    [InlineData("sd1")]
    [InlineData("xl")]
    [InlineData("xl-refiner")]
    public void A_file_may_have_only_its_UNet(string family)
    {
        using ModelComponents made = TinyModels.Make(family);
        Write(made, (name, value) => name.StartsWith("model.", StringComparison.Ordinal) ? (name, value) : null);
        using ModelComponents read = Read();
        Assert.Equal(["unet"], read.Networks.Select(n => n.Name));
        Assert.Contains("'vae'", Assert.Throws<InvalidDataException>(() => read.Autoencoder).Message, StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => DiffusersFolder.Write(read, _folder["written"]));
    }

    [Theory]
    [InlineData("sd1", "model.diffusion_model.input_blocks.0.0.weight")]
    [InlineData("sd1", "model.diffusion_model.input_blocks.1.0.out_layers.3.weight")]
    [InlineData("sd1", "model.diffusion_model.input_blocks.1.1.proj_in.weight")]
    [InlineData("sd1", "model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight")]
    [InlineData("sd1", "model.diffusion_model.out.2.weight")]
    [InlineData("sd1", "first_stage_model.decoder.conv_in.weight")]
    [InlineData("sd1", "cond_stage_model.transformer.text_model.embeddings.token_embedding.weight")]
    [InlineData("xl", "model.diffusion_model.label_emb.0.0.weight")]
    [InlineData("xl", "conditioner.embedders.1.model.text_projection")]
    [InlineData("xl", "conditioner.embedders.1.model.transformer.resblocks.0.attn.in_proj_weight")]
    public void A_scalar_in_place_of_a_weight_is_refused(string family, string wrong)
    {
        using ModelComponents made = TinyModels.Make(family);
        Write(made, (name, value) => (name, name == wrong ? tensor(1f) : value));
        Assert.Throws<CheckpointException>(() => Read());
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private static ModelComponents SquareProjection()
    {
        ModelComponents plain = TinyModels.Make("xl");
        ClipTextModel first = plain.TextEncoder2!;
        ClipTextModel square = (first.Config with { ProjectionDim = first.Config.HiddenSize }).Build(projection: true);
        first.Dispose();
        return new ModelComponents(ModelFamilies.StableDiffusion, plain.PipelineClass, plain.Scheduler)
        {
            ["unet"] = plain.UNet,
            ["vae"] = plain.Autoencoder,
            ["text_encoder"] = plain.TextEncoder,
            ["text_encoder_2"] = square,
        };
    }

    /// <summary>Writes a model with the original names, each tensor changed or omitted.</summary>
    private void Write(
        ModelComponents model,
        Func<string, Tensor, (string, Tensor)?> change,
        (string, Tensor)[]? more = null,
        Dictionary<string, string>? metadata = null)
    {
        LdmWriter.Write(model, _folder["plain.safetensors"]);
        using var file = SafetensorsFile.Open(_folder["plain.safetensors"]);
        IEnumerable<(string, Tensor)> tensors = file.Names.Select(name => change(name, file.Read(name))).OfType<(string, Tensor)>();
        SafetensorsWriter.Write(_folder["a.safetensors"], tensors.Concat(more ?? []), metadata);
    }

    private ModelComponents Read(SingleFileOptions? options = null, LogRecorder? log = null) =>
        SingleFileCheckpoint.Read(_folder["a.safetensors"], new CheckpointOptions { Logger = log?.CreateLogger("files") }, options);
}
