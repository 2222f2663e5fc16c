using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Pipelines;

/// <summary>A custom denoiser receives whatever its description declares, as the library's own does.</summary>
public sealed class WrappedDenoiserTests(FamilyFolders families) : IClassFixture<FamilyFolders>, IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly List<DenoiserInput> _inputs = [];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_receives_control_residuals()
    {
        TinyControlNets.WriteModel(_folder["controlled"], "sd1", 1);
        TinyControlNets.Write(_folder["control"], "sd1", 0);
        DiffusionPipelineBuilder Builder() =>
            new DiffusionPipelineBuilder().UseModelFolder(families["sd1"]).UseControlNet(_folder["control"]);
        GenerationRequest request = Request("ab a") with { ControlImages = [TaskImages.Image] };
        Assert.Equal(Pixels(Builder(), request), Pixels(Wrapped(Builder()), request));
        Assert.All(_inputs, i => Assert.NotNull(i.ControlResiduals));
    }

    [Fact]
    public void It_receives_the_guidance_scale()
    {
        GenerationRequest request = Request("ab a") with { GuidanceScale = 7 };
        Assert.Equal(Pixels(Builder("sd1-lcm"), request), Pixels(Wrapped(Builder("sd1-lcm")), request));
        Assert.All(_inputs, i => Assert.Equal([7], i.GuidanceScales!));
    }

    [Fact]
    public void It_receives_attention_edits()
    {
        GenerationRequest request = Request("ab a");
        DiffusionPipelineBuilder Perturbed() => Builder("sd1").UseGuidance(new PerturbedAttentionGuidance());
        Assert.Equal(Pixels(Perturbed(), request), Pixels(Wrapped(Perturbed()), request));
        Assert.Equal([null, "mid_block"], _inputs.Take(2).Select(i => i.AttentionEdits?.IdentityLayers.Single()));
    }

    [Fact]
    public void It_receives_mask_and_masked_latents_and_sizes()
    {
        GenerationRequest request = Request("ab a") with { InitialImage = TaskImages.Image, Mask = TaskImages.Mask, Strength = 1 };
        Assert.Equal(Pixels(Builder("xl-inpaint"), request), Pixels(Wrapped(Builder("xl-inpaint")), request));
        Assert.All(_inputs, i => Assert.Equal((2L, 5L, 6L), (
            i.ConcatenatedLatents!.shape[0], i.ConcatenatedLatents.shape[1], i.Conditioning.Additional["time_ids"].shape[1])));
    }

    [Fact]
    public void Height_and_width_are_multiples_of_its_patches()
    {
        using DiffusionPipeline pipeline = Wrapped(Builder("sd1"), d => d with { PatchSize = 4 }).Build();
        int pixels = 4 * pipeline.Model!.Autoencoder.DownsamplingFactor;
        GenerationRequest request = Request("ab a") with { Width = pixels, Height = pixels / 2 };
        Assert.Contains(
            $"Height is {pixels / 2}; expected a multiple of {pixels}",
            Assert.Throws<ArgumentException>(() => pipeline.Generate(request)).Message);
        pipeline.Generate(request with { Height = pixels });
    }

    [Fact]
    public void What_no_component_gives_it_is_refused_at_Build()
    {
        Assert.Contains(
            "expected 4 input channels, 8 to edit an image, or 9 for inpainting",
            Refused(d => d with { ConcatenatedChannels = 1 }),
            StringComparison.Ordinal);
        Assert.Contains(
            "'style'",
            Refused(d => d with { AdditionalInputs = new Dictionary<string, int> { ["style"] = 3 } }),
            StringComparison.Ordinal);

        string Refused(Func<DenoiserDescription, DenoiserDescription> change) =>
            Assert.ThrowsAny<Exception>(() => Wrapped(Builder("sd1"), change).Build()).Message;
    }

    private DiffusionPipelineBuilder Builder(string family) => new DiffusionPipelineBuilder().UseModelFolder(families[family]);

    private static GenerationRequest Request(string prompt) =>
        new() { Prompt = prompt, Seed = 3, Steps = 2, GuidanceScale = 4, Width = TaskImages.Width, Height = TaskImages.Height };

    private static byte[] Pixels(DiffusionPipelineBuilder builder, GenerationRequest request)
    {
        using DiffusionPipeline pipeline = builder.Build();
        return pipeline.Generate(request).Images[0].Image.Rgb.ToArray();
    }

    private DiffusionPipelineBuilder Wrapped(
        DiffusionPipelineBuilder builder, Func<DenoiserDescription, DenoiserDescription>? change = null) =>
        builder.UseDenoiser(model => new Wrapper(model.Denoiser, change?.Invoke(model.Denoiser.Description), _inputs.Add));

    private sealed class Wrapper(IDenoiser inner, DenoiserDescription? description, Action<DenoiserInput> record) : IDenoiser
    {
        public DenoiserDescription Description => description ?? inner.Description;

        public Tensor Predict(DenoiserInput input)
        {
            // The tensors are gone later; their shapes are read from copies that are never freed by a scope.
            record(input with
            {
                ConcatenatedLatents = input.ConcatenatedLatents?.clone().DetachFromDisposeScope(),
                Conditioning = input.Conditioning.Map(t => t.clone().DetachFromDisposeScope()),
            });
            return inner.Predict(input);
        }
    }
}
