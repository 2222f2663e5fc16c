using LatentDiffusion.Tests.Reference;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Guidance;

/// <summary>A layer that reads further tokens in addition to the text, against its formula written out here.</summary>
public sealed class AddedContextLayerTests
{
    private const int Width = 12, TextWidth = 8, Heads = 3, Height = 2, Columns = 3;

    [Theory, InlineData(false), InlineData(true)]
    public void A_layer_adds_scaled_and_masked_attention_to_the_tokens(bool masked)
    {
        using IDisposable noGrad = no_grad();
        using DisposeScope scope = NewDisposeScope();
        var options = new TransformerOptions(Heads, TextWidth, Groups: 4, LinearProjection: false, OnlyCrossAttention: false, false, 0);
        using var layer = new CrossAttention(LayerFactory.Random, Width, TextWidth, options);
        FormulaWeights.Fill(layer);
        Tensor input = Input("input", 2, Height * Columns, Width), text = Input("text", 2, 5, TextWidth);
        Tensor mask = tensor(new float[] { 1, 0, 0.5f, 0, 1, 0.25f }).view(1, 1, Height, Columns);
        AddedContext[] added =
        [
            new(Input("k", 2, 4, Width), Input("v", 2, 4, Width)) { Scale = 0.7, Mask = masked ? mask : null },
            new(Input("k2", 2, 1, Width), Input("v2", 2, 1, Width)) { Scale = -1.5 },
        ];
        var edits = new Dictionary<CrossAttention, LayerEdit> { [layer] = new(IsIdentity: false, added) };
        Tensor actual = layer.call(
            input, new TextContext(text, Bias: null, new AttentionState(Texts: null, edits)) { Size = (Height, Columns) });

        Dictionary<string, Tensor> w = layer.state_dict();
        Tensor query = input.matmul(w["to_q.weight"].t());
        Tensor sum = Attention(query, text.matmul(w["to_k.weight"].t()), text.matmul(w["to_v.weight"].t()));
        Tensor weights = masked ? mask.view(1, -1, 1) : ones(1);
        sum = sum + 0.7 * (Attention(query, added[0].Keys, added[0].Values) * weights);
        sum = sum - 1.5 * Attention(query, added[1].Keys, added[1].Values);
        Tensor expected = sum.matmul(w["to_out.0.weight"].t()) + w["to_out.0.bias"];
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, 1e-5f);
    }

    private static Tensor Attention(Tensor query, Tensor key, Tensor value)
    {
        const int each = Width / Heads;
        return cat([.. Enumerable.Range(0, Heads).Select(h =>
        {
            Tensor q = query.narrow(-1, h * each, each), k = key.narrow(-1, h * each, each), v = value.narrow(-1, h * each, each);
            return (q.matmul(k.transpose(1, 2)) / Math.Sqrt(each)).softmax(-1).matmul(v);
        })], -1);
    }

    private static Tensor Input(string name, params long[] shape) => FormulaWeights.Input(name, shape);
}
