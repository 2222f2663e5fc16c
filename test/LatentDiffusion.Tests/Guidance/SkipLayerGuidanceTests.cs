using System.ComponentModel.DataAnnotations;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Guidance;

/// <summary>Skip-layer guidance over a denoiser that is a formula of the skipped layers.</summary>
public sealed class SkipLayerGuidanceTests : IDisposable
{
    private readonly DisposeScope _scope = NewDisposeScope();

    [Theory]
    [InlineData(0, false)]
    [InlineData(0.005, false)]
    [InlineData(0.05, true)]
    [InlineData(0.19, true)]
    [InlineData(0.2, false)]
    [InlineData(0.9, false)]
    public void It_leads_away_from_the_pass_without_layers(double progress, bool acts)
    {
        var denoiser = new LayeredDenoiser(layers: 12);
        GuidedDenoiser guided = new SkipLayerGuidance().Guide(denoiser, Text(1), scale: 4);
        using GuidedPrediction found = guided(Input(progress));
        double expected = 1 + 4 * (2 - 1) + (acts ? 2.8 * (2 - (2 + 3 * 0.1)) : 0);
        Assert.Equal(expected, found.Guided.mean().item<double>(), 1e-12);
        Assert.Equal(2, found.Conditional!.mean().item<double>(), 1e-12);
        Assert.Equal(acts ? ["", "l.7 l.8 l.9"] : [""], denoiser.Skipped);
    }

    [Fact]
    public void Without_a_step_the_timestep_says_how_far_it_is()
    {
        var denoiser = new LayeredDenoiser(layers: 3);
        var options = new SkipLayerOptions { Layers = [1], Start = 0.4, Stop = 0.6 };
        GuidedDenoiser guided = new SkipLayerGuidance(new ClassifierFreeGuidance(), options).Guide(denoiser, unconditional: null, scale: 1);
        foreach (double timestep in new double[] { 900, 500, 100 }) guided(Input(null, timestep)).Dispose();
        Assert.Equal(["", "", "l.1", ""], denoiser.Skipped);
    }

    [Fact]
    public void Denoisers_that_cannot_skip_are_refused()
    {
        var guidance = new SkipLayerGuidance();
        Assert.Throws<NotSupportedException>(() => guidance.Validate(new DenoiserDescription { LatentChannels = 4 }));
        var error = Assert.Throws<ArgumentException>(() => guidance.Validate(new LayeredDenoiser(layers: 8).Description));
        Assert.Contains("no layer 8; expected 0 to 7", error.Message, StringComparison.Ordinal);
        var denoiser = new LayeredDenoiser(layers: 2);
        Assert.Throws<ArgumentException>(() => denoiser.Description.ThrowIfUnsupported(Input(null) with { SkippedLayers = ["l.2"] }));
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<ValidationException>(() => new SkipLayerGuidance(options: new() { Start = 0.3, Stop = 0.3 }));
        Assert.Throws<ValidationException>(() => new SkipLayerGuidance(options: new() { Layers = [] }));
        Assert.Throws<ValidationException>(() => new SkipLayerGuidance(options: new() { Layers = [-1] }));
        Assert.Throws<ValidationException>(() => new SkipLayerGuidance(options: new() { Scale = -1 }));
    }

    public void Dispose() => _scope.Dispose();

    private static Conditioning Text(double value) => new(full([1, 2, 3], value, ScalarType.Float64));

    private static DenoiserInput Input(double? progress, double timestep = 950) => new()
    {
        Latents = zeros([1, 4, 2, 2], ScalarType.Float64), Timesteps = [timestep], Conditioning = Text(2), Progress = progress,
    };

    /// <summary>Predicts the text's value, and a tenth more for each layer that is skipped.</summary>
    private sealed class LayeredDenoiser(int layers) : IDenoiser
    {
        public List<string> Skipped { get; } = [];

        public DenoiserDescription Description { get; } = new()
        {
            LatentChannels = 4, SkippableLayers = [.. Enumerable.Range(0, layers).Select(i => $"l.{i}")],
        };

        public Tensor Predict(DenoiserInput input)
        {
            Description.ThrowIfUnsupported(input);
            Skipped.Add(string.Join(" ", input.SkippedLayers));
            Tensor text = input.Conditioning.HiddenStates.select(1, 0).select(1, 0).view(-1, 1, 1, 1);
            return zeros_like(input.Latents) + text + 0.1 * input.SkippedLayers.Count;
        }
    }
}
