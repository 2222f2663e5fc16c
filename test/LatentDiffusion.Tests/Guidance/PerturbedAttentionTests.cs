using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Guidance;

/// <summary>A transformer block against a second one written out here, with attention maps that can be seen.</summary>
public sealed class PerturbedAttentionTests
{
    private const int Channels = 12, Heads = 3, Width = 8;

    [Theory, InlineData(false), InlineData(true)]
    public void A_block_is_what_its_attention_maps_say(bool perturbed)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        using var block = new BasicTransformerBlock(
            LayerFactory.Random,
            Channels,
            new TransformerOptions(
                Heads, Width, Groups: 4, LinearProjection: false, OnlyCrossAttention: false, Upcast: false, Dropout: 0));
        FormulaWeights.Fill(block);
        Dictionary<string, Tensor> weights = block.state_dict().ToDictionary(p => p.Key, p => p.Value.to(ScalarType.Float64));
        Tensor hidden = FormulaWeights.Input("hidden", [2, 7, Channels]), text = FormulaWeights.Input("text", [2, 5, Width]);

        var edits = new Dictionary<CrossAttention, LayerEdit>();
        if (perturbed) edits[block.SelfAttention!] = new LayerEdit(IsIdentity: true, []);
        Tensor actual = block.call(hidden, new TextContext(text, Bias: null, new AttentionState(Texts: null, edits)));
        Tensor expected = Block(weights, hidden.to(ScalarType.Float64), text.to(ScalarType.Float64), perturbed);
        Assert.InRange((expected - actual).abs().max().item<double>(), 0, 2e-6);
        Tensor other = Block(weights, hidden.to(ScalarType.Float64), text.to(ScalarType.Float64), !perturbed);
        Assert.True((other - actual).abs().max().item<double>() > 1e-2);
    }

    private static Tensor Block(Dictionary<string, Tensor> w, Tensor x, Tensor text, bool perturbed)
    {
        Tensor first = Norm(w, "norm1", x);
        x = x + Attention(w, "attn1", first, first, perturbed);
        x = x + Attention(w, "attn2", Norm(w, "norm2", x), text, identity: false);
        Tensor[] gated = Linear(w, "ff.net.0.proj", Norm(w, "norm3", x)).chunk(2, -1);
        return x + Linear(w, "ff.net.2", gated[0] * (0.5 * gated[1] * (1 + (gated[1] / Math.Sqrt(2)).erf())));
    }

    /// <summary>One head after the other, each with its map: softmax(QKᵀ/√d), or the identity.</summary>
    private static Tensor Attention(Dictionary<string, Tensor> w, string name, Tensor x, Tensor context, bool identity)
    {
        Tensor query = x.matmul(w[name + ".to_q.weight"].t());
        Tensor key = context.matmul(w[name + ".to_k.weight"].t());
        Tensor value = context.matmul(w[name + ".to_v.weight"].t());
        const int each = Channels / Heads;
        Tensor[] heads = [.. Enumerable.Range(0, Heads).Select(h =>
        {
            Tensor q = query.narrow(-1, h * each, each), k = key.narrow(-1, h * each, each), v = value.narrow(-1, h * each, each);
            Tensor map = identity
                ? eye(x.shape[1], dtype: ScalarType.Float64).expand(x.shape[0], -1, -1)
                : (q.matmul(k.transpose(1, 2)) / Math.Sqrt(each)).softmax(-1);
            return map.matmul(v);
        })];
        return Linear(w, name + ".to_out.0", cat(heads, -1));
    }

    private static Tensor Linear(Dictionary<string, Tensor> w, string name, Tensor x) =>
        x.matmul(w[name + ".weight"].t()) + w[name + ".bias"];

    private static Tensor Norm(Dictionary<string, Tensor> w, string name, Tensor x)
    {
        Tensor centred = x - x.mean([-1], keepdim: true);
        return centred / (centred.square().mean([-1], keepdim: true) + 1e-5).sqrt() * w[name + ".weight"] + w[name + ".bias"];
    }
}
