using System.Text.RegularExpressions;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>
/// Writes a model as a single file with the original names, by the numbering of the original code: all blocks in one
/// sequence, and Q, K and V of OpenCLIP in one matrix. Independent of the tables of the reader.
/// </summary>
internal static class LdmWriter
{
    public static void Write(ModelComponents model, string path, params (string, Tensor)[] more)
    {
        bool second = model.TextEncoder?.Config.HiddenAct == "gelu";
        string first = model.TextEncoder2 is null ? "cond_stage_model." : "conditioner.embedders.0.";
        var tensors = UNet(model.UNet.state_dict(), model.UNet.Config).Select(t => ("model.diffusion_model." + t.Name, t.Value))
            .Concat(Alone((AutoencoderKL)model.Autoencoder).Select(t => ("first_stage_model." + t.Name, t.Value)));
        if (model.TextEncoder is { } text)
        {
            tensors = tensors.Concat(second
                ? OpenClip(text, extraLayer: true).Select(t => (first + "model." + t.Name, t.Value))
                : text.state_dict().Select(t => (first + "transformer." + t.Key, t.Value)));
        }

        if (model.TextEncoder2 is { } other)
        {
            string prefix = $"conditioner.embedders.{(model.TextEncoder is null ? 0 : 1)}.model.";
            tensors = tensors.Concat(OpenClip(other, extraLayer: false).Select(t => (prefix + t.Name, t.Value)));
        }

        SafetensorsWriter.Write(path, tensors.Concat(more));
    }

    /// <summary>A ControlNet's tensors by the names in its authors' code, without a prefix.</summary>
    public static IEnumerable<(string Name, Tensor Value)> ControlNet(ControlNetModel network)
    {
        Dictionary<string, Tensor> state = network.state_dict();
        int middle = state.Keys.Count(key => Regex.IsMatch(key, @"cond_embedding\.blocks\.\d+\.weight"));
        string Layer(Match m) => $"input_hint_block.{2 * (int.Parse(m.Groups[1].Value) + 1)}.";
        string Own(string name)
        {
            name = Regex.Replace(name, @"^controlnet_cond_embedding\.blocks\.(\d+)\.", Layer);
            return Regex.Replace(name, @"^controlnet_down_blocks\.(\d+)\.", "zero_convs.$1.0.")
                .Replace("controlnet_cond_embedding.conv_in.", "input_hint_block.0.")
                .Replace("controlnet_cond_embedding.conv_out.", $"input_hint_block.{2 * (middle + 1)}.")
                .Replace("controlnet_mid_block.", "middle_block_out.0.");
        }

        var own = state.Where(t => t.Key.StartsWith("controlnet_", StringComparison.Ordinal)).Select(t => (Own(t.Key), t.Value));
        var encoder = state.Where(t => !t.Key.StartsWith("controlnet_", StringComparison.Ordinal)).ToDictionary();
        return UNet(encoder, network.Config.Encoder()).Concat(own);
    }

    /// <summary>An autoencoder's tensors by the original names, without a prefix.</summary>
    public static IEnumerable<(string Name, Tensor Value)> Alone(AutoencoderKL network) =>
        Autoencoder(network.state_dict(), network.Config.BlockOutChannels.Length);

    /// <summary>The tensors of FLUX.2's autoencoder by the original names, which have the 1×1 convolutions within the halves.</summary>
    public static IEnumerable<(string Name, Tensor Value)> Alone(AutoencoderKLFlux2 network) =>
        Autoencoder(network.state_dict(), network.Config.BlockOutChannels.Length).Select(t => (
            Regex.Replace(Regex.Replace(t.Name, "^quant_conv", "encoder.quant_conv"), "^post_quant_conv", "decoder.post_quant_conv"),
            t.Value));

    private static IEnumerable<(string Name, Tensor Value)> UNet(Dictionary<string, Tensor> state, UNet2DConditionConfig config)
    {
        int row = config.LayersPerBlock[0] + 1;
        string Block(Match m)
        {
            int level = int.Parse(m.Groups[2].Value), layer = int.Parse(m.Groups[4].Value);
            bool up = m.Groups[1].Value == "up";
            string kind = m.Groups[3].Value;
            bool attention = (up ? config.UpBlockTypes : config.DownBlockTypes)[level].StartsWith("Cross", StringComparison.Ordinal);
            return (up, kind) switch
            {
                (false, "resnets") => $"input_blocks.{1 + level * row + layer}.0.",
                (false, "attentions") => $"input_blocks.{1 + level * row + layer}.1.",
                (false, _) => $"input_blocks.{(level + 1) * row}.0.op.",
                (true, "resnets") => $"output_blocks.{level * row + layer}.0.",
                (true, "attentions") => $"output_blocks.{level * row + layer}.1.",
                (true, _) => $"output_blocks.{level * row + row - 1}.{(attention ? 2 : 1)}.conv.",
            };
        }

        foreach ((string key, Tensor value) in state)
        {
            string name = Regex.Replace(
                key,
                @"^(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(conv\.(?=(weight|bias)$))?",
                Block);
            name = name.Replace("mid_block.resnets.0.", "middle_block.0.").Replace("mid_block.attentions.0.", "middle_block.1.")
                .Replace("mid_block.resnets.1.", "middle_block.2.")
                .Replace("time_embedding.linear_1", "time_embed.0").Replace("time_embedding.linear_2", "time_embed.2")
                .Replace("time_embedding.cond_proj", "time_embed.cond_proj")
                .Replace("add_embedding.linear_1", "label_emb.0.0").Replace("add_embedding.linear_2", "label_emb.0.2");
            if (!name.Contains("transformer_blocks"))
            {
                name = name.Replace(".norm1.", ".in_layers.0.").Replace(".conv1.", ".in_layers.2.")
                    .Replace(".time_emb_proj.", ".emb_layers.1.")
                    .Replace(".norm2.", ".out_layers.0.").Replace(".conv2.", ".out_layers.3.")
                    .Replace(".conv_shortcut.", ".skip_connection.");
            }

            name = Regex.Replace(Regex.Replace(name, "^conv_in", "input_blocks.0.0"), "^conv_norm_out", "out.0");
            yield return (Regex.Replace(name, "^conv_out", "out.2"), value);
        }
    }

    private static IEnumerable<(string Name, Tensor Value)> Autoencoder(Dictionary<string, Tensor> state, int resolutions)
    {
        int last = resolutions - 1;
        foreach ((string key, Tensor value) in state)
        {
            string name = Regex.Replace(key, @"up_blocks\.(\d+)", m => $"up.{last - int.Parse(m.Groups[1].Value)}")
                .Replace("down_blocks.", "down.");
            bool attention = name.Contains("mid_block.attentions");
            name = name.Replace("mid_block.resnets.0", "mid.block_1").Replace("mid_block.resnets.1", "mid.block_2")
                .Replace("mid_block.attentions.0", "mid.attn_1")
                .Replace(".resnets.", ".block.").Replace("downsamplers.0", "downsample").Replace("upsamplers.0", "upsample")
                .Replace("conv_shortcut", "nin_shortcut").Replace("conv_norm_out", "norm_out").Replace("group_norm", "norm")
                .Replace("to_q", "q").Replace("to_k", "k").Replace("to_v", "v").Replace("to_out.0", "proj_out");
            yield return (name, attention && value.dim() == 2 ? value.unsqueeze(-1).unsqueeze(-1) : value);
        }
    }

    private static IEnumerable<(string Name, Tensor Value)> OpenClip(ClipTextModel network, bool extraLayer)
    {
        Dictionary<string, Tensor> state = network.state_dict();
        int layers = network.Config.NumHiddenLayers;
        yield return ("positional_embedding", state["text_model.embeddings.position_embedding.weight"]);
        yield return ("token_embedding.weight", state["text_model.embeddings.token_embedding.weight"]);
        yield return ("logit_scale", tensor(1f));
        bool projects = state.TryGetValue("text_projection.weight", out Tensor? projection);
        yield return ("text_projection", projects ? projection!.t().contiguous() : rand(64, 64));
        foreach (string kind in new[] { "weight", "bias" })
        {
            yield return ($"ln_final.{kind}", state[$"text_model.final_layer_norm.{kind}"]);
            for (int i = 0; i < layers + (extraLayer ? 1 : 0); i++)
            {
                string ours = $"text_model.encoder.layers.{Math.Min(i, layers - 1)}.", theirs = $"transformer.resblocks.{i}.";
                yield return ($"{theirs}attn.in_proj_{kind}", cat([.. "qkv".Select(p => state[$"{ours}self_attn.{p}_proj.{kind}"])]));
                (string, string)[] names =
                [
                    ("ln_1", "layer_norm1"), ("ln_2", "layer_norm2"), ("attn.out_proj", "self_attn.out_proj"),
                    ("mlp.c_fc", "mlp.fc1"), ("mlp.c_proj", "mlp.fc2"),
                ];
                foreach ((string a, string b) in names)
                    yield return ($"{theirs}{a}.{kind}", state[$"{ours}{b}.{kind}"]);
            }
        }
    }
}
