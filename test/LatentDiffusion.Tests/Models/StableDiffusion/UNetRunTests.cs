using LatentDiffusion.Tests.Pipelines;
using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>Caching and perturbation during a generation, on a small U-Net: text at both resolutions, 4 x 4 in the middle.</summary>
[NoTensorLeaks, Collection(LiveTensors.Collection)]
public sealed class UNetRunTests : IDisposable
{
    private readonly UNet2DConditionModel _network = new(new UNet2DConditionConfig
    {
        BlockOutChannels = [16, 32], NormNumGroups = 8, LayersPerBlock = 1, CrossAttentionDim = 12, AttentionHeadDim = 2,
        DownBlockTypes = ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D"], UpBlockTypes = ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
    });

    private readonly UNetDenoiser _denoiser;

    public UNetRunTests()
    {
        FormulaWeights.Fill(_network);
        _denoiser = new UNetDenoiser(_network);
    }

    public void Dispose() => _denoiser.Dispose();

    [Fact]
    public void A_runs_predictions_are_bit_for_bit_the_denoisers()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDenoiserRun run = _denoiser.Start();
        for (int step = 0; step < 3; step++)
        {
            // More texts than are kept, of two batch sizes, given again each time.
            for (int text = 0; text < 10; text++)
            {
                Tensor latents = Latents(1 + text % 2, $"{step}");
                using Conditioning conditioning = Text(1 + text % 2, $"{text}");
                Same(_denoiser.Predict(latents, 900 - 10 * step, conditioning), run.Predict(latents, 900 - 10 * step, conditioning));
            }
        }
    }

    [Fact]
    public void Keys_and_values_of_a_text_are_computed_once()
    {
        using DisposeScope scope = NewDisposeScope();
        using var run = (UNetRun)_denoiser.Start();
        Tensor latents = Latents(1, "a");
        using Conditioning text = Text(1, "t"), sameText = Text(1, "t"), other = Text(1, "u");
        Tensor before = run.Predict(latents, 500, text);
        using (no_grad())
            foreach ((string name, Tensor parameter) in _network.state_dict())
                if (name.EndsWith("attn2.to_k.weight", StringComparison.Ordinal)
                    || name.EndsWith("attn2.to_v.weight", StringComparison.Ordinal))
                    parameter.mul_(1.5);

        // The network gives another prediction now, and the run does not look.
        Differ(before, _denoiser.Predict(latents, 500, text));
        Same(before, run.Predict(latents, 500, text));
        Same(before, run.Predict(latents, 500, sameText));
        Assert.Equal(1, run.Cache.Texts.Count);
        Same(_denoiser.Predict(latents, 500, other), run.Predict(latents, 500, other));
        Assert.Equal(2, run.Cache.Texts.Count);
    }

    [Fact]
    public void Time_projections_of_a_timestep_are_computed_once()
    {
        using DisposeScope scope = NewDisposeScope();
        using var run = (UNetRun)_denoiser.Start();
        Tensor latents = Latents(1, "a");
        using Conditioning text = Text(1, "t"), other = Text(2, "u");
        Tensor before = run.Predict(latents, 500, text);
        using (no_grad())
            foreach ((string name, Tensor parameter) in _network.state_dict())
                if (name.Contains("time_", StringComparison.Ordinal)) parameter.mul_(1.5);

        Differ(before, _denoiser.Predict(latents, 500, text));
        Same(before, run.Predict(latents, 500, text));
        Assert.Equal(1, run.Cache.Times.Count);
        run.Predict(Latents(2, "b"), 500, other);
        Assert.Equal(1, run.Cache.Times.Count);
        Same(_denoiser.Predict(latents, 400, text), run.Predict(latents, 400, text));
        Assert.Equal(2, run.Cache.Times.Count);
        run.Predict(DenoiserCalls.Input(Latents(2, "b"), 0, other) with { Timesteps = [300, 200] });
        Assert.Equal(2, run.Cache.Times.Count);
        run.Predict(DenoiserCalls.Input(Latents(2, "b"), 0, other) with { Timesteps = [400, 400] });
        Assert.Equal(2, run.Cache.Times.Count);
    }

    [Fact]
    public void Only_so_many_timesteps_are_kept()
    {
        using DisposeScope scope = NewDisposeScope();
        using var cache = new TimeCache();
        using Conditioning text = Text(1, "t");
        DenoiserInput input = DenoiserCalls.Input(Latents(1, "a"), 0, text);
        for (int i = 0; i < 1000; i++) cache.ProjectionsFor(input with { Timesteps = [i] });
        Assert.InRange(cache.Count, 50, 999);
        Assert.NotNull(cache.ProjectionsFor(input with { Timesteps = [0] }));
        Assert.Null(cache.ProjectionsFor(input with { Timesteps = [999] }));
    }

    [Theory, InlineData(true), InlineData(false)]
    public void Samples_are_evaluated_once_before_the_texts(bool repeated)
    {
        Dictionary<string, long> batches = [];
        foreach (string name in (string[])["conv_in", "down_blocks.0.resnets.0.conv1", "down_blocks.0.resnets.0.conv2", "conv_out"])
        {
            ((nn.Module<Tensor, Tensor>)_network.named_modules().Single(m => m.name == name).module).register_forward_hook(
                (_, input, output) =>
                {
                    batches[name] = input.shape[0];
                    return output;
                });
        }

        using DisposeScope scope = NewDisposeScope();
        using Conditioning texts = Text(4, "t");
        Tensor two = Latents(2, "a"), latents = repeated ? cat([two, two]) : Latents(4, "b");
        _denoiser.Predict(latents, 500, texts);
        long expected = repeated ? 2 : 4;
        Assert.Equal([expected, expected, expected, 4], batches.Values);
    }

    [Fact]
    public async Task Runs_share_nothing()
    {
        Tensor[] alone = [.. Enumerable.Range(0, 4).Select(Evaluate)];
        Tensor[] together = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() => Evaluate(i))));
        foreach ((Tensor expected, Tensor actual) in alone.Zip(together))
        {
            Same(expected, actual);
            expected.Dispose();
            actual.Dispose();
        }

        Tensor Evaluate(int i)
        {
            using DisposeScope scope = NewDisposeScope();
            using IDenoiserRun run = _denoiser.Start();
            Tensor x = Latents(1, $"{i}");
            using Conditioning text = Text(1, $"{i % 2}");
            for (int step = 0; step < 3; step++) x = run.Predict(x, 100 * (3 - step), text);
            return x.MoveToOuterDisposeScope();
        }
    }

    [Fact]
    public void A_run_leaves_no_tensor_behind()
    {
        using (NewDisposeScope())
        {
            using IDenoiserRun run = _denoiser.Start();
            for (int i = 0; i < 10; i++)
            {
                using Conditioning text = Text(1, $"{i}");
                run.Predict(Latents(1, "a"), 1, text);
            }
        }

        IDenoiserRun ended = _denoiser.Start();
        ended.Dispose();
        using Conditioning late = Text(1, "late");
        using Tensor latents = Latents(1, "a");
        Assert.Throws<ObjectDisposedException>(() => ended.Predict(latents, 1, late));
    }

    [Fact]
    public void One_batch_and_separate_passes_agree_but_for_rounding()
    {
        using DisposeScope scope = NewDisposeScope();
        using IDenoiserRun run = _denoiser.Start();
        Tensor latents = Latents(2, "a");
        using Conditioning positive = Text(2, "p"), negative = Text(2, "n");
        Tensor[] results =
        [
            .. from denoiser in new IDenoiser[] { _denoiser, run }
               from separate in new[] { false, true }
               select new ClassifierFreeGuidance(new() { SeparatePasses = separate }).Guide(denoiser, negative, 5)(
                   DenoiserCalls.Input(latents, 500, positive)).Guided,
        ];
        Same(results[0], results[2]);
        Same(results[1], results[3]);
        Assert.InRange((results[0] - results[1]).abs().max().item<float>(), 0, 1e-5f);
        Differ(results[0], _denoiser.Predict(latents, 500, positive));
    }

    [Fact]
    public void A_perturbed_middle_of_one_position_changes_nothing()
    {
        // Of one position the attention map is the identity anyway; any other layer perturbed would show.
        using DisposeScope scope = NewDisposeScope();
        using Conditioning text = Text(1, "t");
        Tensor small = FormulaWeights.Input("small", [1, 4, 2, 2]), large = Latents(1, "a");
        Tensor middle = Perturbed(_denoiser, small, text, "mid_block");
        Assert.InRange((middle - _denoiser.Predict(small, 500, text)).abs().max().item<float>(), 0, 1e-6f);
        Differ(Perturbed(_denoiser, small, text, "down_blocks.0"), _denoiser.Predict(small, 500, text));
        Differ(Perturbed(_denoiser, large, text, "mid_block"), _denoiser.Predict(large, 500, text));
    }

    [Fact]
    public void A_perturbed_run_shares_texts_and_matches_its_denoiser()
    {
        using DisposeScope scope = NewDisposeScope();
        using var run = (UNetRun)_denoiser.Start();
        using Conditioning text = Text(1, "t");
        Tensor latents = Latents(1, "a"), expected = Perturbed(_denoiser, latents, text, "mid_block");
        run.Predict(latents, 500, text);
        Same(expected, Perturbed(run, latents, text, "mid_block.attentions.0"));
        Assert.Equal(1, run.Cache.Texts.Count);
    }

    [Fact]
    public void Layers_are_found_by_path_and_unknown_ones_refused_by_name()
    {
        var layers = new AttentionLayers(_network);
        Assert.Equal(7, layers.SelfPaths.Count);
        Assert.Equal(layers.SelfPaths, _denoiser.Description.AttentionLayers);
        Assert.Equal(layers.CrossPaths, _denoiser.Description.CrossAttentionLayers);
        Assert.Contains("mid_block.attentions.0.transformer_blocks.0.attn2", layers.CrossPaths);
        Assert.Equal(1, Count("mid_block"));
        Assert.Equal(2, Count("down_blocks"));
        Assert.Equal(4, Count("up_blocks"));
        Assert.Equal(2, Count("up_blocks.1"));
        Assert.Equal(1, Count("up_blocks.1.attentions.0.transformer_blocks.0"));
        Assert.Equal(3, Count("mid_block", "down_blocks", "down_blocks.0"));
        Assert.Null(layers.Find(null));
        using DisposeScope scope = NewDisposeScope();
        using Conditioning text = Text(1, "t");
        foreach (string unknown in new[] { "up_blocks.2", "up_blocks.1.attention", "middle", "" })
        {
            var e = Assert.Throws<ArgumentException>(() => Perturbed(_denoiser, Latents(1, "a"), text, "mid_block", unknown));
            Assert.StartsWith($"DenoiserInput.AttentionEdits is for '{unknown}'", e.Message, StringComparison.Ordinal);
        }

        int Count(params string[] paths) => layers.Find(new AttentionEdits { IdentityLayers = paths })!.Count;
    }

    [Fact]
    public void An_input_that_the_network_does_not_read_is_refused_by_name()
    {
        using DisposeScope scope = NewDisposeScope();
        using Conditioning text = Text(1, "t");
        DenoiserInput input = DenoiserCalls.Input(Latents(1, "a"), 500, text);
        Refused("GuidanceScales is given", input with { GuidanceScales = [3] });
        Refused("ReferenceLatents is given", input with { ReferenceLatents = [input.Latents] });
        Refused("ConcatenatedLatents is [1, 4, 8, 8]", input with { ConcatenatedLatents = input.Latents });
        Refused("ControlResiduals is 1 tensors; this denoiser expects 5", input with { ControlResiduals = [input.Latents] });
        Refused("Timesteps is 3 numbers; this denoiser expects 1 or 1", input with { Timesteps = [1, 2, 3] });
        Refused("Latents is [1, 3, 8, 8]; this denoiser expects [batch, 4, height, width]", input with { Latents = zeros(1, 3, 8, 8) });

        void Refused(string message, DenoiserInput wrong) => Assert.StartsWith(
            "DenoiserInput." + message, Assert.Throws<ArgumentException>(() => _denoiser.Predict(wrong)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Samples_of_one_batch_may_have_different_timesteps()
    {
        using DisposeScope scope = NewDisposeScope();
        using Conditioning text = Text(2, "t"), first = text.Slice(0, 1), second = text.Slice(1, 1);
        Tensor latents = Latents(2, "a");
        Tensor both = _denoiser.Predict(DenoiserCalls.Input(latents, 0, text) with { Timesteps = [900, 100] });
        Close(_denoiser.Predict(latents.narrow(0, 0, 1), 900, first), both.narrow(0, 0, 1));
        Close(_denoiser.Predict(latents.narrow(0, 1, 1), 100, second), both.narrow(0, 1, 1));

        static void Close(Tensor one, Tensor other) => Assert.InRange((one - other).abs().max().item<float>(), 0, 1e-5f);
    }

    private static Tensor Perturbed(IDenoiser denoiser, Tensor latents, Conditioning text, params string[] layers) =>
        denoiser.Predict(DenoiserCalls.Input(latents, 500, text) with { AttentionEdits = new AttentionEdits { IdentityLayers = layers } });

    private static Tensor Latents(long batch, string name) => FormulaWeights.Input("latents" + name, [batch, 4, 8, 8]);

    private static Conditioning Text(long batch, string name) => new(FormulaWeights.Input("text" + name, [batch, 5, 12]));

    private static void Same(Tensor expected, Tensor actual) =>
        Assert.Equal(expected.data<float>().ToArray(), actual.data<float>().ToArray());

    private static void Differ(Tensor one, Tensor other)
    {
        using DisposeScope scope = NewDisposeScope();
        Assert.True((one - other).abs().max().item<float>() > 1e-3f);
    }
}
