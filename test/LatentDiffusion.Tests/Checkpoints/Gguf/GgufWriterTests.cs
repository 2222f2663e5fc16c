using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

public sealed class GgufWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<string> Types => [.. GgufType.All.Where(t => t.CanBeWritten).Select(t => t.Name)];

    /// <summary>Largest error of a value as a fraction of the range of its run: half a code, and the rounding of the scales.</summary>
    private static readonly Dictionary<string, double> s_errors = new()
    {
        ["Q4_0"] = 0.5 / 8, ["Q4_1"] = 0.5 / 15, ["Q5_0"] = 0.5 / 16, ["Q5_1"] = 0.5 / 31, ["Q8_0"] = 0.5 / 127,
        ["Q4_K"] = 0.5 / 15 + 1.0 / 63, ["Q5_K"] = 0.5 / 31 + 1.0 / 63, ["Q6_K"] = 0.5 / 32 + 0.5 / 127,
    };

    [Theory]
    [MemberData(nameof(Types))]
    public void Values_come_back_within_the_error_of_their_type(string name)
    {
        GgufType type = GgufType.All.Single(t => t.Name == name);
        using var generator = new Generator(7);
        // Runs of very different sizes, of one sign, of one value and of zeros; more than one piece.
        Tensor values = randn([40, 3, 8192], generator: generator).Multiply(0.05);
        values[1].MultiplyInPlace(300);
        values[2].abs_();
        values[3].abs_().neg_();
        values[4].fill_(-0.7f);
        values[5].zero_();
        if (type.BlockElements == 1) values = values.to(type.Type);
        GgufWriter.Write(_folder["a"], [new GgufTensor("x", values, type)]);
        using var file = GgufFile.Open(_folder["a"]);
        Tensor back = file.Read("x");

        Assert.Equal(type, file.TypeOf("x"));
        Assert.Equal([40, 3, 8192], back.shape);
        Assert.Equal(values.NumberOfElements / type.BlockElements * type.BlockBytes, file.Find("x")!.ByteLength);
        if (!type.IsQuantized)
        {
            Assert.True(back.equal(values).all().item<bool>());
            return;
        }

        Tensor runs = values.view(-1, type.BlockElements), error = (back - values).view(-1, type.BlockElements).abs();
        // Zero is a value of every run.
        Tensor range = runs.amax([1]).clamp_min(0f) - runs.amin([1]).clamp_max(0f);
        Tensor most = error.amax([1]) - range * (s_errors[name] * 1.01) - 1e-6;
        Assert.True(most.max().item<float>() <= 0, $"{(error.amax([1]) / range.clamp_min(1e-9f)).max().item<float>()} of the range");
        Assert.Equal(0, back[5].abs().max().item<float>());
    }

    [Fact]
    public void Metadata_of_every_type_come_back()
    {
        var metadata = new Dictionary<string, object>
        {
            ["general.architecture"] = "flux", ["general.alignment"] = 64u, ["u8"] = (byte)200, ["i8"] = (sbyte)-3, ["u16"] = (ushort)65000,
            ["i16"] = (short)-300, ["i32"] = -70000, ["f32"] = 0.25f, ["yes"] = true, ["u64"] = ulong.MaxValue, ["i64"] = long.MinValue,
            ["f64"] = 0.1, ["empty"] = Array.Empty<int>(), ["words"] = new[] { "a", "", "tïny" }, ["floats"] = new[] { 1f, -2f },
            ["flags"] = new[] { true, false }, ["nested"] = new object[] { new[] { 1, 2 }, new[] { "x" } },
        };
        GgufWriter.Write(_folder["a"], [new GgufTensor("x", ones(3), GgufType.F32), new GgufTensor("y", ones(3), GgufType.F16)], metadata);
        using var file = GgufFile.Open(_folder["a"]);

        Assert.Equal(64, file.Alignment);
        Assert.Equal(metadata.Keys, file.Metadata.Keys);
        foreach ((string key, object value) in metadata)
        {
            Assert.Equal(value.GetType(), file.Metadata[key].GetType());
            Assert.Equal(value, file.Metadata[key]);
        }

        Assert.Equal(6, file.Read("x").sum().item<float>() + file.Read("y").to(ScalarType.Float32).sum().item<float>());
    }

    [Fact]
    public void Shapes_that_the_format_lacks_are_restored()
    {
        Tensor scalar = tensor(3f), deep = randn([2, 1, 2, 1, 32]), kernel = randn(8, 4, 3, 3);
        GgufWriter.Write(
            _folder["a"],
            [
                new GgufTensor("scalar", scalar, GgufType.F32), new GgufTensor("deep", deep, GgufType.Q8_0),
                new GgufTensor("kernel", kernel, GgufType.Q8_0),
            ]);
        using var file = GgufFile.Open(_folder["a"]);

        Assert.Equal([], file.Find("scalar")!.Shape);
        Assert.Equal(3, file.Read("scalar").item<float>());
        Assert.Equal([8, 4, 3, 3], file.Find("kernel")!.Shape);
        Assert.True((file.Read("kernel") - kernel).abs().max().item<float>() < 0.05);
        Assert.True((file.Read("deep") - deep).abs().max().item<float>() < 0.05);
    }

    [Fact]
    public void Types_are_chosen_as_in_published_files()
    {
        var tensors = new Dictionary<string, Tensor> { ["m"] = randn(4, 256), ["odd"] = randn(3, 5), ["bias"] = randn(256) };
        GgufWriter.Write(_folder["a"], tensors, GgufType.Q4_K);
        using var file = GgufFile.Open(_folder["a"]);

        Assert.Equal([GgufType.Q4_K, GgufType.F16, GgufType.F32], file.Entries.Select(e => file.TypeOf(e.Name)));
    }

    [Fact]
    public void Values_may_be_made_while_they_are_written()
    {
        int alive = 0, most = 0;
        GgufTensor[] tensors = [.. Enumerable.Range(0, 3).Select(i => new GgufTensor($"{i}", [2, 32], GgufType.Q8_0, () =>
        {
            most = Math.Max(most, ++alive);
            Tensor made = full([2, 32], i);
            alive--;
            return made;
        }))];
        Assert.Equal(0, most);
        GgufWriter.Write(_folder["a"], tensors);
        using var file = GgufFile.Open(_folder["a"]);

        Assert.Equal([0f, 1f, 2f], file.Entries.Select(e => MathF.Round(file.Read(e.Name).mean().item<float>(), 2)));
        Assert.Equal(1, most);
        GgufTensor wrong = new("x", [2, 32], GgufType.Q8_0, () => zeros(64));
        Assert.Throws<InvalidOperationException>(() => GgufWriter.Write(_folder["b"], [wrong]));
        Assert.False(File.Exists(_folder["b"]));
    }

    [Fact]
    public void What_the_format_cannot_hold_is_refused()
    {
        Assert.Throws<ArgumentException>(() => new GgufTensor("x", zeros(16), GgufType.Q8_0));
        Assert.Throws<ArgumentException>(() => new GgufTensor("x", zeros(256), GgufType.IQ4_XS));
        GgufTensor x = new("x", zeros(32), GgufType.F32);
        Assert.Throws<ArgumentException>(() => GgufWriter.Write(_folder["a"], [x, x]));
        Assert.Throws<ArgumentException>(() => GgufWriter.Write(_folder["a"], [x], new Dictionary<string, object> { ["a"] = 1m }));
        Assert.Throws<ArgumentException>(
            () => GgufWriter.Write(_folder["a"], [x], new Dictionary<string, object> { ["general.alignment"] = 24u }));
        foreach (float value in new[] { float.NaN, float.PositiveInfinity })
        {
            GgufTensor broken = new("x", full([32], value), GgufType.Q4_0);
            Assert.Contains("finite", Assert.Throws<ArgumentException>(() => GgufWriter.Write(_folder["a"], [broken])).Message);
        }
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }
}
