using LatentDiffusion.Tests.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace LatentDiffusion.Fuzzing;

/// <summary>LoRA files, in every naming.</summary>
internal static class LoraTargets
{
    private const string Block = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q",
        Processor = "down_blocks.0.attentions.0.transformer_blocks.0.attn1.processor.to_q",
        KohyaBlock = "down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_q";

    private static readonly string[] s_pieces =
    [
        ".lora_A.weight", ".lora_B.weight", ".lora_A.default.weight", ".lora_up.weight", ".lora_down.weight", ".lora_mid.weight",
        ".alpha", ".lora.down.weight", "_lora.up.weight", ".lora_linear_layer.up.weight",
        ".processor.", "base_model.model.", "unet.", "lora_unet_", "lora_te_", "lora_te1_", "lora_te2_", "text_encoder.",
        "diffusion_model.", "input_blocks_1_0_in_layers_2", "output_blocks_9_1_", "middle_block_1_",
        ".dora_scale", ".lora_magnitude_vector", ".hada_w1_a", ".hada_t1", ".lokr_w1", ".lokr_t2", ".oft_blocks", ".oft_diag", ".diff",
        ".diff_b", ".w_norm", ".on_input", ".scale", ".scalar", ".", "_", "unet:0:up",
        "unet:99999999999:up", Block, KohyaBlock,
        "\"lora_adapter_metadata\":\"{\\\"unet.lora_alpha\\\":4}\"", "\"{\\\"unet.alpha_pattern\\\":{\\\"to_q\\\":1}}\"",
        "\"{\\\"unet.use_rslora\\\":true}\"", "\"[\\\"GEGLU\\\"]\"", "\"<embed>\"",
    ];

    public static FuzzTarget Lora(string name, string folder)
    {
        LoraTarget[] targets = Targets();
        string path = Path.Combine(folder, "a.safetensors");
        byte[][] seeds =
        [
            Seed(path, $"unet.{Block}.lora_B.weight", $"unet.{Block}.lora_A.weight"),
            Seed(path, $"base_model.model.{Block}.lora_B.default.weight", $"base_model.model.{Block}.lora_A.default.weight"),
            Seed(path, $"unet.{Processor}_lora.up.weight", $"unet.{Processor}_lora.down.weight"),
            Seed(
                path, $"lora_unet_{KohyaBlock}.lora_up.weight", $"lora_unet_{KohyaBlock}.lora_down.weight",
                $"lora_unet_{KohyaBlock}.alpha"),
            Seed(path, ("hada_w1_a", [32, 2]), ("hada_w1_b", [2, 32]), ("hada_w2_a", [32, 2]), ("hada_w2_b", [2, 32]), ("alpha", [])),
            Seed(path, ("lokr_w1", [4, 4]), ("lokr_w2_a", [8, 2]), ("lokr_w2_b", [2, 8]), ("alpha", [])),
            Seed(path, ("lora_up.weight", [32, 2]), ("lora_down.weight", [2, 32]), ("dora_scale", [32, 1])),
            Seed(path, ("oft_blocks", [4, 8, 8]), ("alpha", []), ("rescale", [32, 1])),
            Seed(path, ("weight", [32]), ("on_input", [])),
            Seed(path, ("diff", [32, 32])),
        ];
        return new FuzzTarget(
            name, random => SafetensorsMutation.Apply(seeds[random.Next(seeds.Length)], random, s_pieces),
            bytes => Apply(path, bytes, targets), typeof(CheckpointException));
    }

    public static FuzzTarget Packed(string name, string folder)
    {
        LoraTarget[] targets = Targets();
        string path = Path.Combine(folder, "a.safetensors");
        byte[] seed = Seed(path, "unet:0:up", "unet:0:down");
        return new FuzzTarget(
            name, random => SafetensorsMutation.Apply(seed, random, s_pieces), bytes => Apply(path, bytes, targets),
            typeof(CheckpointException));
    }

    private static LoraTarget[] Targets()
    {
        using ModelComponents model = TinyModels.Make("sd1");
        return
        [
            LoraTarget.Create(model.Family.Lora(ComponentNames.UNet), model.UNet.state_dict()),
            LoraTarget.Create(model.Family.Lora(ComponentNames.TextEncoder), model.TextEncoder!.state_dict()),
        ];
    }

    private static byte[] Seed(string path, string up, string down, string? alpha = null)
    {
        using DisposeScope scope = NewDisposeScope();
        List<(string, Tensor)> tensors = [(up, zeros(32, 2)), (down, zeros(2, 32))];
        if (alpha is not null) tensors.Add((alpha, tensor(1f)));
        const string Adapter =
            """{"unet.lora_alpha": 8, "unet.alpha_pattern": {"attn1.to_q": 4}, "unet.use_rslora": false}""";
        var metadata = new Dictionary<string, string> { ["lora_adapter_metadata"] = Adapter, ["unet"] = "[\"GEGLU\"]" };
        SafetensorsWriter.Write(path, tensors, metadata);
        return File.ReadAllBytes(path);
    }

    /// <summary>The tensors of one layer's adapter.</summary>
    private static byte[] Seed(string path, params (string Role, long[] Shape)[] roles)
    {
        using DisposeScope scope = NewDisposeScope();
        SafetensorsWriter.Write(path, roles.Select(r => ($"lora_unet_{KohyaBlock}.{r.Role}", ones(r.Shape))));
        return File.ReadAllBytes(path);
    }

    private static void Apply(string path, byte[] bytes, LoraTarget[] targets)
    {
        File.WriteAllBytes(path, bytes);
        using LoraFile lora = LoraFile.Open(path, targets);
        foreach (LoraPatch patch in lora.Patches)
        {
            using Tensor weight = zeros([.. targets.Single(t => t.Component == patch.Component).Shapes[patch.Parameter]]);
            LoraFile.Delta(patch, weight).Dispose();
        }
    }
}
