using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Files with several kinds of adapters, joined modules, and shapes that do not fit.</summary>
public sealed class AdapterFileTests : AdapterFixture
{
    [Fact]
    public void A_file_may_mix_kinds_ranks_and_strengths()
    {
        Tensor up = Random(Out, 1), down = Random(1, In), difference = Random(Out, In), bias = Random(Out), factors = Random(Out);
        Tensor convUp = Random(Out, 3, 1, 1), convDown = Random(3, In, 3, 3);
        Dictionary<string, Tensor> tensors = new()
        {
            ["lora_unet_linear.lora_up.weight"] = up, ["lora_unet_linear.lora_down.weight"] = down,
            ["lora_unet_linear.alpha"] = tensor(4f), ["lora_unet_linear.diff"] = difference, ["lora_unet_linear.diff_b"] = bias,
            ["lora_unet_conv.lora_up.weight"] = convUp, ["lora_unet_conv.lora_down.weight"] = convDown,
            ["lora_unet_conv.alpha"] = tensor(6f), ["lora_unet_point.weight"] = factors, ["lora_unet_point.on_input"] = tensor(0L),
        };
        (Func<int, int, double> product, Func<int, int, double> whole) = (Product(up, down), Matrix(difference));
        using LoraFile file = Open(tensors);
        Assert.Equal(5, file.Patches.Count);
        AssertClose(
            Changed("linear.weight", 0.5, (row, column) => (4 * product(row, column)) + whole(row, column)),
            Apply("linear.weight", (file, 0.5)));
        double[] b = Values(bias);
        AssertClose(Changed("linear.bias", 0.5, (row, _) => b[row]), Apply("linear.bias", (file, 0.5)));
        Func<int, int, double> conv = Product(convUp.flatten(1), convDown.flatten(1));
        AssertClose(Changed("conv.weight", 0.5, (row, column) => 2 * conv(row, column)), Apply("conv.weight", (file, 0.5)));
    }

    [Fact]
    public void Several_files_are_added_in_any_order()
    {
        Tensor lengths = Random(Out, 1), up = Random(Out, 2), down = Random(2, In), difference = Random(Out, In);
        using LoraFile dora = Open(new()
        {
            ["lora_unet_linear.lora_up.weight"] = up, ["lora_unet_linear.lora_down.weight"] = down,
            ["lora_unet_linear.dora_scale"] = lengths,
        });
        using LoraFile full = Open(new() { ["lora_unet_linear.diff"] = difference });
        double[] first = Apply("linear.weight", (dora, 0.5), (full, 2)), weight = Values(Weights["linear.weight"]);
        AssertClose(first, Apply("linear.weight", (full, 2), (dora, 0.5)));
        double[] alone = Apply("linear.weight", (dora, 0.5)), added = Values(difference);
        AssertClose([.. weight.Select((w, i) => alone[i] + (2 * added[i]))], first);
    }

    [Theory]
    [InlineData("lora")]
    [InlineData("loha")]
    [InlineData("lokr")]
    [InlineData("dora")]
    [InlineData("oft")]
    [InlineData("ia3")]
    [InlineData("full")]
    public void Joined_modules_are_changed_row_by_row(string kind)
    {
        // The same file once for the joined weight as a module by itself.
        Dictionary<string, Tensor> tensors = (kind switch
        {
            "lora" => new Dictionary<string, Tensor> { ["lora_up.weight"] = Random(8, 2), ["lora_down.weight"] = Random(2, In) },
            "loha" => new()
            {
                ["hada_w1_a"] = Random(8, 2), ["hada_w1_b"] = Random(2, In), ["hada_w2_a"] = Random(8, 2), ["hada_w2_b"] = Random(2, In),
            },
            "lokr" => new() { ["lokr_w1"] = Random(4, 2), ["lokr_w2"] = Random(2, 2) },
            "dora" => new()
            {
                ["lora_up.weight"] = Random(8, 2), ["lora_down.weight"] = Random(2, In), ["dora_scale"] = Random(8, 1),
            },
            "oft" => new() { ["oft_blocks"] = Random(4, 2, 2), ["alpha"] = tensor(0.1f) },
            "ia3" => new() { ["weight"] = Random(8), ["on_input"] = tensor(0L) },
            _ => new() { ["diff"] = Random(8, In) },
        }).ToDictionary(t => $"lora_unet_attn_qkv.{t.Key}", t => t.Value);
        string[] parts = ["attn.to_q.weight", "attn.to_k.weight", "attn.to_v.weight"];
        double[] joined = [.. parts.SelectMany(part => Apply(part, 0.8, tensors))];

        Weights["attn.qkv.weight"] = cat([.. parts.Select(part => Weights[part])]);
        string path = Path.Combine(Path.GetTempPath(), $"{Guid.NewGuid():N}.safetensors");
        try
        {
            SafetensorsWriter.Write(path, tensors.Select(t => (t.Key, t.Value)));
            using LoraFile file = LoraFile.Open(path, LoraTarget.Create(new LoraComponent("net") { Prefixes = ["lora_unet_"] }, Weights));
            AssertClose(Apply("attn.qkv.weight", (file, 0.8)), joined);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("linear", "hada_w1_a 6,2; hada_w1_b 2,4; hada_w2_a 6,2; hada_w2_b 2,5", "LoHa [6, 2] and [2, 4] and [6, 2] and [2, 5]")]
    [InlineData("conv", "hada_w1_a 2,6; hada_w1_b 2,4; hada_w2_a 2,6; hada_w2_b 2,4; hada_t1 2,2,3,3; hada_t2 2,2,1,1", "LoHa")]
    [InlineData("linear", "lokr_w1 2,2; lokr_w2 4,2", "LoKr [2, 2] and [4, 2]")]
    [InlineData("conv", "lokr_w1 2,2; lokr_w2 3,2,1,9", "LoKr")]
    [InlineData("linear", "lokr_w1 2,2; lokr_w1_a 2,1; lokr_w1_b 1,2; lokr_w2 3,2", "LoKr")]
    [InlineData("linear", "lora_up.weight 6,2; lora_down.weight 2,4; dora_scale 5,1", "DoRA [5, 1]")]
    [InlineData("linear", "oft_blocks 2,2,2", "OFT [2, 2, 2]")]
    [InlineData("linear", "oft_blocks 3,2,3", "OFT [3, 2, 3]")]
    [InlineData("linear", "oft_blocks 3,2,2; rescale 5", "OFT")]
    [InlineData("linear", "weight 5; on_input 1", "(IA)³ [5] and [1]")]
    [InlineData("linear", "diff 4,6", "full difference [4, 6]")]
    [InlineData("linear", "diff_b 4", "full difference [4]")]
    [InlineData("norm", "w_norm 6,1", "full difference [6, 1]")]
    [InlineData("attn_qkv", "oft_blocks 2,4,4", "OFT")]
    [InlineData("attn_qkv", "lora_up.weight 8,2; lora_down.weight 2,4; dora_scale 1,4", "DoRA")]
    public void Shapes_that_do_not_fit_are_refused_by_name(string module, string shapes, string description)
    {
        Dictionary<string, Tensor> tensors = shapes.Split("; ").Select(text => text.Split(' ')).ToDictionary(
            part => $"lora_unet_{module}.{part[0]}", part => ones([.. part[1].Split(',').Select(long.Parse)]));
        var exception = Assert.Throws<CheckpointException>(() => Open(tensors, unknown: UnknownTensorHandling.Ignore));
        Assert.Contains(description, exception.Misshaped[0], StringComparison.Ordinal);
        Assert.StartsWith($"net.{module.Replace("_qkv", ".to_q", StringComparison.Ordinal)}.", exception.Misshaped[0]);
    }

    [Theory]
    [InlineData("linear", "hada_w1_a 6,2; hada_w1_b 2,4; hada_w2_a 6,2", "hada_w2_b of LoHa")]
    [InlineData("conv", "hada_w1_a 2,6; hada_w1_b 2,4; hada_w2_a 2,6; hada_w2_b 2,4; hada_t1 2,2,3,3", "hada_t2 of LoHa")]
    [InlineData("linear", "lokr_w1_a 2,1; lokr_w2 3,2", "lokr_w1_b of LoKr")]
    [InlineData("linear", "lokr_w1 2,2", "lokr_w2 of LoKr")]
    [InlineData("linear", "on_input 1", "weight of (IA)³")]
    [InlineData("linear", "rescale 6", "oft_blocks of OFT")]
    [InlineData("linear", "dora_scale 6", "up of DoRA: 'lora_unet_linear.dora_scale'")]
    public void Incomplete_adapters_are_refused_by_name(string module, string shapes, string missing)
    {
        Dictionary<string, Tensor> tensors = shapes.Split("; ").Select(text => text.Split(' ')).ToDictionary(
            part => $"lora_unet_{module}.{part[0]}", part => ones([.. part[1].Split(',').Select(long.Parse)]));
        var exception = Assert.Throws<CheckpointException>(() => Open(tensors, unknown: UnknownTensorHandling.Ignore));
        Assert.Contains($"net.{module}.weight ({missing})", exception.Missing);
    }

    [Fact]
    public void Lengths_of_rotations_are_refused()
    {
        var exception = Assert.Throws<CheckpointException>(() => Open(new()
        {
            ["lora_unet_linear.oft_blocks"] = ones(3, 2, 2), ["lora_unet_linear.dora_scale"] = ones(6, 1),
        }));
        Assert.Contains("lora_unet_linear.dora_scale", Assert.Single(exception.Unexpected), StringComparison.Ordinal);
    }

    [Fact]
    public void Butterfly_rotations_are_refused_by_name_or_ignored()
    {
        Dictionary<string, Tensor> tensors = new()
        {
            ["lora_unet_linear.oft_blocks"] = ones(2, 3, 2, 2), ["lora_unet_linear.alpha"] = tensor(1f),
            ["lora_unet_norm.w_norm"] = ones(6),
        };
        Assert.Contains("BOFT", Assert.Throws<CheckpointException>(() => Open(tensors)).Message, StringComparison.Ordinal);
        using LoraFile file = Open(tensors, unknown: UnknownTensorHandling.Ignore);
        Assert.Equal("norm.weight", Assert.Single(file.Patches).Parameter);
        Assert.Equal(["lora_unet_linear.alpha", "lora_unet_linear.oft_blocks"], file.Ignored.Order());
    }

    [Fact]
    public void The_weights_of_a_model_are_not_an_adapter()
    {
        Dictionary<string, Tensor> tensors = new() { ["net.linear.weight"] = ones(6, 4), ["net.norm.weight"] = ones(6) };
        Assert.Equal(tensors.Keys.Order(), Assert.Throws<CheckpointException>(() => Open(tensors)).Unexpected.Order());
        using LoraFile file = Open(tensors, unknown: UnknownTensorHandling.Ignore);
        Assert.Empty(file.Patches);
    }

    [Theory]
    [InlineData("alpha", float.NaN)]
    [InlineData("scale", float.PositiveInfinity)]
    [InlineData("scalar", float.NaN)]
    public void Numbers_are_finite(string role, float value)
    {
        Assert.Contains(role, Assert.Throws<CheckpointException>(() => Open(new()
        {
            ["lora_unet_linear.lora_up.weight"] = ones(6, 1), ["lora_unet_linear.lora_down.weight"] = ones(1, 4),
            [$"lora_unet_linear.{role}"] = tensor(value),
        })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(1e30f)]
    public void Values_that_give_no_rotation_are_found(float value)
    {
        Tensor blocks = zeros(2, 3, 3);
        // Of odd size, so that Q has no inverse where I is lost in rounding.
        (blocks[0, 0, 1], blocks[0, 0, 2], blocks[0, 1, 2]) = (value, value, value);
        Dictionary<string, Tensor> tensors = new() { ["lora_unet_linear.oft_blocks"] = blocks };
        if (float.IsNaN(value)) Assert.Contains(Apply("linear.weight", 1, tensors), double.IsNaN);
        else Assert.Contains(
            "lora_unet_linear.oft_blocks", Assert.Throws<CheckpointException>(() => Apply("linear.weight", 1, tensors)).Message);
    }
}
