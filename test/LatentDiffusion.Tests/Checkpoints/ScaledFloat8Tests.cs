using System.Text;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Weights in float8 with scales, under the names that ComfyUI and ModelOpt write.</summary>
public sealed class ScaledFloat8Tests : IDisposable
{
    // 1, −1, 2, 448 in e4m3fn.
    private static readonly byte[] s_codes = [0x38, 0xb8, 0x40, 0x7e];

    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Theory]
    [InlineData("scale_weight", "scaled_fp8", "scale_input")]
    [InlineData("weight_scale", "model.diffusion_model.scaled_fp8", "input_scale")]
    public void Weights_are_multiplied_by_their_scale(string scale, string marker, string inputScale)
    {
        Write(
            ("a.weight", [2, 2], "F8_E4M3", s_codes), ($"a.{scale}", [], "F32", Floats(0.5f)), ($"a.{inputScale}", [], "F32", Floats(3)),
            (marker, [0], "F8_E4M3", []), ("a.bias", [2], "F32", Floats(7, 8)), ("b.weight", [2, 2], "F8_E4M3", s_codes));
        using ITensorSource source = Checkpoint.Open(_folder["a"]);

        Assert.Equal(["a.weight", "a.bias", "b.weight"], source.Entries.Select(e => e.Name));
        Assert.Equal([0.5f, -0.5f, 1, 224], source.Read("a.weight").data<float>());
        Assert.Equal([1f, -1, 2, 448], source.Read("b.weight").data<float>());
        Tensor half = zeros([2, 2], ScalarType.BFloat16);
        source.ReadInto("a.weight", half);
        Assert.Equal([0.5f, -0.5f, 1, 224], half.to(ScalarType.Float32).data<float>());
        using StoredMatrix kept = StoredMatrix.Read(source.FindRows("a.weight")!);
        Assert.Equal([0.5f, -0.5f, 1, 224], kept.ToTensor().data<float>());
    }

    [Fact]
    public void A_scale_may_be_one_of_each_row()
    {
        Write(
            ("a.weight", [2, 2], "F8_E4M3", s_codes), ("a.weight_scale", [2, 1], "F32", Floats(0.5f, 2)),
            ("a.comfy_quant", [27], "U8", Encoding.UTF8.GetBytes("{\"format\": \"float8_e4m3fn\"}")));
        using ITensorSource source = Checkpoint.Open(_folder["a"]);

        Assert.Equal([0.5f, -0.5f, 4, 896], source.Read("a.weight").data<float>());
        using StoredMatrix kept = StoredMatrix.Read(source.FindRows("a.weight")!);
        Assert.Equal([0.5f, -0.5f, 4, 896], kept.ToTensor().data<float>());
    }

    [Fact]
    public void Texts_of_the_header_are_kept()
    {
        RawSafetensors.Write(
            _folder["a"], [("a.weight", [2, 2], "F8_E4M3", s_codes), ("a.scale_weight", [], "F32", Floats(2))],
            """{"modelspec.prediction_type":"v"}""");
        using ITensorSource source = Checkpoint.Open(_folder["a"]);

        Assert.IsType<ScaledFloat8>(source);
        Assert.Equal("v", source.Texts["modelspec.prediction_type"]);
    }

    [Theory]
    [InlineData("a.comfy_quant", "{\"format\": \"nvfp4\"}", "nvfp4")]
    [InlineData("a.comfy_quant", "{\"format\": 7}", "not the text")]
    [InlineData("a.comfy_quant", "format", "not the text")]
    [InlineData("a.comfy_quant", "{}", "null")]
    [InlineData("b.weight_scale", "x", "b.weight")]
    [InlineData("a.weight_scale", "xyz", "does not fit")]
    public void What_is_not_understood_is_refused(string name, string content, string message)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(content);
        Write(("a.weight", [2, 2], "F8_E4M3", s_codes), (name, [bytes.Length], "U8", bytes));

        string found = Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder["a"])).Message;
        Assert.Contains(message, found, StringComparison.Ordinal);
        Assert.Contains("scaled 8-bit", found, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private static byte[] Floats(params float[] values) => [.. values.SelectMany(BitConverter.GetBytes)];

    private void Write(params (string Name, long[] Shape, string Type, byte[] Bytes)[] tensors) =>
        RawSafetensors.Write(_folder["a"], tensors);
}
