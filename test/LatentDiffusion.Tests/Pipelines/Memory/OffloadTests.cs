using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>Parts that are on the device that computes only while their stage runs.</summary>
public sealed class OffloadTests : IClassFixture<TinyModel>, IClassFixture<FamilyFolders>, IDisposable
{
    private static readonly string[] s_stages =
        ["text in", "text out", "denoiser in", "denoiser out", "autoencoder in", "autoencoder out"];

    private static readonly GenerationRequest s_request = new() { Prompt = "a blue bird", Seed = 1, Steps = 2, Width = 16, Height = 16 };

    private readonly TinyModel _tiny;
    private readonly FamilyFolders _families;
    private readonly DiffusionModel _model;
    private readonly OffloadedParts _parts;

    public OffloadTests(TinyModel tiny, FamilyFolders families)
    {
        (_tiny, _families, _model) = (tiny, families, DiffusionModel.Open(tiny.Folder, CPU));
        _parts = new OffloadedParts(_model);
    }

    [Fact]
    public void Each_stage_brings_its_part_and_sends_it_back()
    {
        using DiffusionPipeline pipeline = _parts.Builder().Build();
        Assert.Equal(["text out", "denoiser out", "autoencoder out"], _parts.Moves);
        _parts.Events.Clear();
        byte[] image = Draw(pipeline, s_request);
        // Prompt and negative prompt, two steps with guidance in one batch, one image.
        Assert.Equal(
            [
                "text in", "text", "text", "text out",
                "denoiser in", "denoiser", "denoiser", "denoiser out",
                "autoencoder in", "autoencoder", "autoencoder out",
            ],
            _parts.Events);
        _parts.Events.Clear();

        // Several images need each part once, and an image to start from needs the autoencoder twice.
        pipeline.Generate(s_request with { ImageCount = 3 });
        Assert.Equal(s_stages, _parts.Moves);
        _parts.Events.Clear();
        pipeline.Generate(s_request with { InitialImage = new ImageBuffer(16, 16, image), Strength = 0.5 });
        Assert.Equal(["text in", "text out", "autoencoder in", "autoencoder out", .. s_stages[2..]], _parts.Moves);
        _parts.Events.Clear();

        // Embeddings that the request brings need no text encoder.
        using Conditioning embeds = _model.TextEncoder.Encode(["a"]);
        pipeline.Generate(s_request with { Prompt = "a", PromptEmbeds = embeds, NegativePromptEmbeds = embeds });
        Assert.Equal(s_stages[2..], _parts.Moves);
        Assert.Empty(_parts.Errors);

        using DiffusionPipeline plain = _tiny.Builder().UseClassifierFreeGuidance(2).Build();
        Assert.Equal(Draw(plain, s_request), image);
    }

    [Fact]
    public void Encoding_alone_brings_the_text_encoder_and_sends_it_back()
    {
        using DiffusionPipeline pipeline = _parts.Builder().Build();
        _parts.Events.Clear();
        pipeline.Encode(["a blue bird"]).Dispose();
        pipeline.EncodeUnconditional().Dispose();
        Assert.Equal(["text in", "text", "text out", "text in", "text", "text out"], _parts.Events);
        Assert.Empty(_parts.Errors);
    }

    [Fact]
    public async Task A_preview_that_is_fitted_brings_the_autoencoder_meanwhile()
    {
        using DiffusionPipeline pipeline = _parts.Builder().UseTiledDecoding().Build();
        _parts.Events.Clear();
        await foreach (GenerationUpdate _ in pipeline.GenerateStreamingAsync(s_request))
        {
        }

        Assert.Equal(
            [
                "text in", "text out",
                "denoiser in", "autoencoder in", "autoencoder out", "denoiser out",
                "autoencoder in", "autoencoder out",
            ],
            _parts.Moves);
        Assert.Empty(_parts.Errors);
    }

    [Fact]
    public async Task A_preview_that_found_no_room_is_tried_again()
    {
        using DiffusionPipeline pipeline = _parts.Builder().Build();
        _parts.Events.Clear();
        _parts.TooLarge = "autoencoder";
        Assert.Equal("no room for autoencoder", (await Assert.ThrowsAsync<InvalidOperationException>(Stream)).Message);
        _parts.TooLarge = null;
        await Stream();
        AllAreHome();

        async Task Stream()
        {
            int previews = 0;
            await foreach (GenerationUpdate update in pipeline.GenerateStreamingAsync(s_request)) previews += update.Previews.Count;
            Assert.NotEqual(0, previews);
        }
    }

    [Fact]
    public async Task A_part_that_others_still_use_stays()
    {
        using DiffusionPipeline pipeline = _parts.Builder().Build();
        using var both = new Barrier(2);
        _parts.Events.Clear();
        // Two generations meet in every evaluation of the denoiser, so that it is in use by both.
        _parts.BeforeWork = name =>
        {
            if (name == "denoiser") Assert.True(both.SignalAndWait(TimeSpan.FromSeconds(60)));
        };
        GenerationResult[] results = await Task.WhenAll(pipeline.GenerateAsync(s_request), pipeline.GenerateAsync(s_request));
        Assert.Equal(["denoiser in", "denoiser out"], _parts.Moves.Where(m => m.StartsWith("denoiser", StringComparison.Ordinal)));
        Assert.Equal(results[0].Images[0].Image.Rgb.ToArray(), results[1].Images[0].Image.Rgb.ToArray());
        Assert.Empty(_parts.Errors);

        _parts.BeforeWork = null;
        _parts.Events.Clear();
        await Task.WhenAll(Enumerable.Range(0, 12).Select(i => pipeline.GenerateAsync(s_request with { Seed = (ulong)i })));
        Assert.Empty(_parts.Errors);
        AllAreHome();
    }

    [Fact]
    public void After_cancellation_all_are_back()
    {
        using DiffusionPipeline pipeline = _parts.Builder().Build();
        foreach (string stage in new[] { "text", "denoiser", "autoencoder" })
        {
            using var cancellation = new CancellationTokenSource();
            _parts.Events.Clear();
            _parts.BeforeWork = name =>
            {
                if (name == stage) cancellation.Cancel();
            };
            // The last work of a generation is done when it is noticed no more.
            Exception? e = Record.Exception(() => pipeline.Generate(s_request, null, cancellation.Token));
            Assert.True(stage == "autoencoder" ? e is null : e is OperationCanceledException, $"{stage}: {e}");
            Assert.Equal(s_stages[..(Array.IndexOf(s_stages, $"{stage} out") + 1)], _parts.Moves);
            AllAreHome();
        }

        Assert.Empty(_parts.Errors);
    }

    [Fact]
    public void A_part_that_finds_no_room_leaves_none_behind()
    {
        using DiffusionPipeline pipeline = _parts.Builder().Build();
        _parts.Events.Clear();
        byte[] before = Draw(pipeline, s_request);
        _parts.TooLarge = "denoiser";
        Assert.Equal("no room for denoiser", Assert.Throws<InvalidOperationException>(() => pipeline.Generate(s_request)).Message);
        _parts.TooLarge = null;
        AllAreHome();
        Assert.Equal(before, Draw(pipeline, s_request));
        Assert.Empty(_parts.Errors);
    }

    [Fact]
    public void Parts_none_of_which_can_be_moved_are_refused()
    {
        using var probed = new ProbedModel(_tiny.Folder);
        var e = Assert.Throws<InvalidOperationException>(() => probed.Builder().UseAutoencoder(new Fixed()).UseOffload().Build());
        Assert.Contains("TryMoveTo of Encoder, Denoiser, Fixed returned false", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_models_own_parts_draw_the_same_offloaded()
    {
        using DiffusionPipeline plain = _tiny.Builder().Build(), offloaded = _tiny.Builder().UseOffload().UsePromptWeighting().Build();
        Assert.Equal(Draw(plain, s_request), Draw(offloaded, s_request));
        Assert.Equal(DeviceType.CPU, offloaded.Model!.Device.type);
    }

    [Theory, InlineData("sd1"), InlineData("sd2"), InlineData("xl"), InlineData("xl-refiner")]
    public void Networks_move_with_all_they_have(string family)
    {
        using DiffusionModel model = DiffusionModel.Open(_families[family], CPU);
        nn.Module[] networks = [.. model.Components!.Networks.Select(n => n.Network)];
        Tensor[] before = [.. networks.SelectMany(n => n.parameters())];
        using (NewDisposeScope())
        {
            Assert.All(new IOffloadable[] { model.Denoiser, model.TextEncoder, model.Autoencoder },
                part => Assert.True(part.TryMoveTo(META)));
            Assert.True(model.TextEncoder.WithPrompting(new PromptingOptions())!.TryMoveTo(META));
        }

        // They outlive the scope in which they were moved, and the memory they had before is free at once.
        Assert.All(networks.SelectMany(n => n.parameters().Concat(n.buffers())), t => Assert.Equal(DeviceType.META, t.device_type));
        Assert.All(before, t => Assert.True(t.IsInvalid));
        Assert.Equal(before.Length, networks.Sum(n => n.parameters().Count()));
    }

    [Fact]
    public void Patches_find_the_weights_that_were_moved()
    {
        using var folder = new TemporaryFolder();
        using DiffusionModel model = DiffusionModel.Open(_families["sd1"], CPU);
        nn.Module unet = model.Components!.UNet;
        string name = unet.state_dict().Keys.First(k => k.EndsWith("attn1.to_q.weight", StringComparison.Ordinal));
        long width = unet.state_dict()[name].shape[0];
        string path = folder["lora.safetensors"], layer = name[..^".weight".Length];
        using (NewDisposeScope())
            SafetensorsWriter.Write(
                path,
                [($"unet.{layer}.lora.down.weight", randn(2, width)), ($"unet.{layer}.lora.up.weight", randn(width, 2))]);
        float[] plain = Weight(), patched = Patched();
        Assert.NotEqual(plain, patched);
        // There and back, as a move to another device is: the parameters are new ones.
        Tensor old = unet.parameters().First();
        unet.to(ScalarType.Float64);
        unet.to(ScalarType.Float32);
        Assert.True(old.IsInvalid);
        model.SetLoras();
        Assert.Equal(plain, Weight());
        Assert.Equal(patched, Patched());

        float[] Patched()
        {
            model.SetLoras((path, 1));
            return Weight();
        }

        float[] Weight() => [.. unet.state_dict()[name].data<float>()];
    }

    public void Dispose() => _model.Dispose();

    private void AllAreHome()
    {
        foreach (string part in new[] { "text", "denoiser", "autoencoder" })
            Assert.Equal(_parts.Moves.Count(m => m == $"{part} in"), _parts.Moves.Count(m => m == $"{part} out"));
    }

    private static byte[] Draw(DiffusionPipeline pipeline, GenerationRequest request) =>
        pipeline.Generate(request).Images[0].Image.Rgb.ToArray();

    private sealed class Fixed : IAutoencoder
    {
        public int LatentChannels => 4;

        public int DownsamplingFactor => 2;

        public LatentDistribution Encode(Tensor images, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Tensor Decode(Tensor latents, CancellationToken cancellationToken = default) => throw new NotSupportedException();
    }
}
