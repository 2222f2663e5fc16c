using System.Text.RegularExpressions;
using LatentDiffusion.Tests.Checkpoints;
using LatentDiffusion.Tests.Families;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>The tensors of networks under the names of published files, independently of the tables of the reader.</summary>
internal static partial class PublishedNames
{
    /// <summary>The names of the code that a transformer was published with.</summary>
    public static Dictionary<string, Tensor> Original(nn.Module transformer) => transformer switch
    {
        SD3Transformer2DModel network => SD3OriginalNames.Of(network).ToDictionary(tensor => tensor.Name, tensor => tensor.Value),
        ChromaTransformer2DModel network => OriginalChroma(network),
        Flux2Transformer2DModel => OriginalTransformers.Tensors("flux2-klein", transformer),
        // The map is that of a whole file.
        ZImageTransformer2DModel => OriginalTransformers.Tensors("z-image", transformer)
            .ToDictionary(tensor => tensor.Key["model.diffusion_model.".Length..], tensor => tensor.Value),
        _ => OriginalTransformers.Tensors("flux1-dev", transformer),
    };

    /// <summary>The names of the original autoencoders.</summary>
    public static Dictionary<string, Tensor> Original(nn.Module<Tensor, Tensor> autoencoder) =>
        (autoencoder is AutoencoderKLFlux2 flux2 ? LdmWriter.Alone(flux2) : LdmWriter.Alone((AutoencoderKL)autoencoder))
            .ToDictionary(tensor => tensor.Name, tensor => tensor.Value);

    /// <summary>The names of llama.cpp.</summary>
    public static Dictionary<string, Tensor> LlamaCpp(nn.Module textEncoder) =>
        textEncoder.state_dict().ToDictionary(tensor => textEncoder is T5EncoderModel ? T5(tensor.Key) : Qwen3(tensor.Key), t => t.Value);

    private static Dictionary<string, Tensor> OriginalChroma(ChromaTransformer2DModel network)
    {
        const string Own = "distilled_guidance_layer.";
        Dictionary<string, Tensor> state = network.state_dict();
        Dictionary<string, Tensor> shared = OriginalTransformers.Tensors(
            "flux1-dev", state.Where(tensor => !tensor.Key.StartsWith(Own, StringComparison.Ordinal)));
        foreach ((string name, Tensor value) in state.Where(tensor => tensor.Key.StartsWith(Own, StringComparison.Ordinal)))
        {
            string original = name.Replace("linear_1", "in_layer", StringComparison.Ordinal)
                .Replace("linear_2", "out_layer", StringComparison.Ordinal);
            shared.Add(Norm().Replace(original, "$1scale"), value);
        }

        return shared;
    }

    private static string T5(string name)
    {
        (string, string)[] parts =
        [
            (@"^shared\.", "token_embd."), (@"^encoder\.final_layer_norm\.", "enc.output_norm."), (@"^encoder\.block\.", "enc.blk."),
            (@"\.layer\.0\.SelfAttention\.relative_attention_bias\.", ".attn_rel_b."), (@"\.layer\.0\.SelfAttention\.", ".attn_"),
            (@"\.layer\.0\.layer_norm\.", ".attn_norm."), (@"\.layer\.1\.layer_norm\.", ".ffn_norm."),
            (@"\.layer\.1\.DenseReluDense\.wi_0\.", ".ffn_gate."), (@"\.layer\.1\.DenseReluDense\.wi_1\.", ".ffn_up."),
            (@"\.layer\.1\.DenseReluDense\.wo\.", ".ffn_down."),
        ];
        return parts.Aggregate(name, (current, part) => Regex.Replace(current, part.Item1, part.Item2));
    }

    private static string Qwen3(string name)
    {
        (string, string)[] parts =
        [
            (@"^model\.embed_tokens\.", "token_embd."), (@"^model\.norm\.", "output_norm."), (@"^model\.layers\.", "blk."),
            (@"\.input_layernorm\.", ".attn_norm."), (@"\.post_attention_layernorm\.", ".ffn_norm."),
            (@"\.self_attn\.([qkv])_proj\.", ".attn_$1."), (@"\.self_attn\.o_proj\.", ".attn_output."),
            (@"\.self_attn\.([qk])_norm\.", ".attn_$1_norm."), (@"\.mlp\.(gate|up|down)_proj\.", ".ffn_$1."),
        ];
        return parts.Aggregate(name, (current, part) => Regex.Replace(current, part.Item1, part.Item2));
    }

    [GeneratedRegex(@"(norms\.[0-9]+\.)weight$")]
    private static partial Regex Norm();
}
