using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Models;

/// <summary>Writes the transformer of Stable Diffusion 3 by its original names, independently of the tables of the reader.</summary>
internal static class SD3OriginalNames
{
    /// <summary>The tensors of a transformer, without a prefix.</summary>
    public static IEnumerable<(string Name, Tensor Value)> Of(SD3Transformer2DModel network)
    {
        Dictionary<string, Tensor> state = network.state_dict();
        int last = network.Config.NumLayers - 1;
        yield return ("pos_embed", state["pos_embed.pos_embed"]);
        foreach ((string key, Tensor value) in state)
        {
            if (key == "pos_embed.pos_embed") continue;
            if (Regex.IsMatch(key, @"\.(to_q|to_k|to_v|add_q_proj|add_k_proj|add_v_proj)\.")) continue;
            bool swapped = key.StartsWith("norm_out.", StringComparison.Ordinal) || key.Contains($".{last}.norm1_context.");
            yield return (Name(key), swapped ? cat([.. value.chunk(2).Reverse()]) : value);
        }

        foreach (string kind in new[] { "weight", "bias" })
        {
            for (int i = 0; i <= last; i++)
            {
                string ours = $"transformer_blocks.{i}.", theirs = $"joint_blocks.{i}.";
                yield return ($"{theirs}x_block.attn.qkv.{kind}", Joined("attn.to_q", "attn.to_k", "attn.to_v"));
                yield return ($"{theirs}context_block.attn.qkv.{kind}", Joined("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj"));
                if (state.ContainsKey($"{ours}attn2.to_q.{kind}"))
                    yield return ($"{theirs}x_block.attn2.qkv.{kind}", Joined("attn2.to_q", "attn2.to_k", "attn2.to_v"));

                Tensor Joined(params string[] parts) => cat([.. parts.Select(part => state[$"{ours}{part}.{kind}"])]);
            }
        }
    }

    private static string Name(string key)
    {
        (string, string)[] parts =
        [
            (@"^pos_embed\.proj", "x_embedder.proj"), (@"^norm_out\.linear", "final_layer.adaLN_modulation.1"),
            (@"^proj_out", "final_layer.linear"),
            (@"^time_text_embed\.timestep_embedder\.linear_1", "t_embedder.mlp.0"),
            (@"^time_text_embed\.timestep_embedder\.linear_2", "t_embedder.mlp.2"),
            (@"^time_text_embed\.text_embedder\.linear_1", "y_embedder.mlp.0"),
            (@"^time_text_embed\.text_embedder\.linear_2", "y_embedder.mlp.2"),
            (@"^transformer_blocks", "joint_blocks"),
            (@"\.norm1_context\.linear", ".context_block.adaLN_modulation.1"), (@"\.norm1\.linear", ".x_block.adaLN_modulation.1"),
            (@"\.attn\.norm_added_([qk])", ".context_block.attn.ln_$1"), (@"\.(attn2?)\.norm_([qk])", ".x_block.$1.ln_$2"),
            (@"\.attn\.to_add_out", ".context_block.attn.proj"), (@"\.(attn2?)\.to_out\.0", ".x_block.$1.proj"),
            (@"\.ff_context\.net\.0\.proj", ".context_block.mlp.fc1"), (@"\.ff_context\.net\.2", ".context_block.mlp.fc2"),
            (@"\.ff\.net\.0\.proj", ".x_block.mlp.fc1"), (@"\.ff\.net\.2", ".x_block.mlp.fc2"),
        ];
        foreach ((string ours, string theirs) in parts) key = Regex.Replace(key, ours, theirs);
        return key;
    }
}
