using System.Buffers.Binary;
using System.Text;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    public static TheoryData<ScalarType> DataTypes =>
    [
        ScalarType.Bool, ScalarType.Byte, ScalarType.Int8, ScalarType.Int16, ScalarType.Int32, ScalarType.Int64,
        ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64, ScalarType.ComplexFloat32,
    ];

    [Theory]
    [MemberData(nameof(DataTypes))]
    public void Every_data_type_round_trips(ScalarType type)
    {
        Tensor tensor = (randn(3, 5) * 3).to(type);
        SafetensorsWriter.Write(_folder["a.safetensors"], [("x", tensor), ("scalar", tensor[1, 2]), ("none", empty([0, 4], type))]);
        using var file = SafetensorsFile.Open(_folder["a.safetensors"]);

        Assert.Equal(type, file.Find("x")!.DataType);
        Assert.True(file.Read("x").equal(tensor).all().item<bool>());
        Assert.True(file.Read("scalar").equal(tensor[1, 2]).all().item<bool>());
        Assert.Equal([0L, 4], file.Read("none").shape);
    }

    [Fact]
    public void Bytes_equal_the_reference_implementation()
    {
        SafetensorsWriter.Write(
            _folder["a.safetensors"],
            [
                ("b", tensor(new[] { 1f, 2f })), ("a", tensor((byte)7)), ("aa", tensor(new[] { 3f }).to(ScalarType.Float16)),
                ("a\u00e9\n", tensor(new[] { 4L })),
            ],
            new Dictionary<string, string> { ["format"] = "pt" });
        byte[] bytes = File.ReadAllBytes(_folder["a.safetensors"]);

        const string Header = """{"__metadata__":{"format":"pt"},"aé\n":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}"""
            + ""","b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]},"aa":{"dtype":"F16","shape":[1],"data_offsets":[16,18]}"""
            + ""","a":{"dtype":"U8","shape":[],"data_offsets":[18,19]}}""";
        int length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        Assert.Equal(0, length % 8);
        Assert.Equal(Header, Encoding.UTF8.GetString(bytes, 8, length).TrimEnd(' '));
        Assert.Equal("0400000000000000" + "0000803F00000040" + "0042" + "07", Convert.ToHexString(bytes.AsSpan(8 + length)));
    }

    [Fact]
    public void Saving_again_gives_the_same_bytes()
    {
        SafetensorsWriter.Write(
            _folder["a.safetensors"],
            [("z", rand(7)), ("y", rand(2, 3).to(ScalarType.Float16)), ("x", arange(5))],
            new Dictionary<string, string> { ["b"] = "1", ["a"] = "2" });
        using (var file = SafetensorsFile.Open(_folder["a.safetensors"]))
            SafetensorsWriter.Write(_folder["b.safetensors"], file.Names.Reverse().Select(n => (n, file.Read(n))), file.Metadata);

        Assert.Equal(File.ReadAllBytes(_folder["a.safetensors"]), File.ReadAllBytes(_folder["b.safetensors"]));
    }

    [Fact]
    public void Views_of_one_buffer_are_filled_and_converted()
    {
        Tensor stored = randn(4, 6);
        SafetensorsWriter.Write(_folder["a.safetensors"], [("x", stored)]);
        using var file = SafetensorsFile.Open(_folder["a.safetensors"]);
        Tensor buffer = zeros(30);

        file.ReadInto("x", buffer.narrow(0, 5, 24).view(4, 6));
        Assert.True(buffer.narrow(0, 5, 24).view(4, 6).equal(stored).all().item<bool>());
        Assert.Equal(0f, (buffer[4] + buffer[29]).item<float>());

        Tensor transposed = zeros(6, 4, ScalarType.BFloat16).t();
        file.ReadInto("x", transposed);
        Assert.True(transposed.equal(stored.to(ScalarType.BFloat16)).all().item<bool>());
        Assert.Throws<ArgumentException>(() => file.ReadInto("x", zeros(24)));
        Assert.Throws<KeyNotFoundException>(() => file.Read("y"));
    }

    [Fact]
    public void Large_tensors_are_converted_piece_by_piece()
    {
        Tensor stored = randn(3, 1 << 20).to(ScalarType.Float16);
        SafetensorsWriter.Write(_folder["a.safetensors"], [("x", stored)], floatingPoint: ScalarType.Float32);
        using var file = SafetensorsFile.Open(_folder["a.safetensors"]);
        Tensor back = zeros(3, 1 << 20, ScalarType.Float16);

        file.ReadInto("x", back);
        Assert.Equal(ScalarType.Float32, file.Find("x")!.DataType);
        Assert.True(back.equal(stored).all().item<bool>());
    }

    [Fact]
    public void Any_nonzero_boolean_is_true()
    {
        Write("""{"x":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]}}""", [0, 1, 255]);
        using var file = SafetensorsFile.Open(_folder["a.safetensors"]);
        Assert.Equal([0, 1, 1], file.Read("x").bytes.ToArray());
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "needs 8 bytes")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 3, "truncated")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 5, "belong to no tensor")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "leave a gap")]
    [InlineData(
        """{"x":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"y":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", 3, "overlap")]
    [InlineData("""{"x":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}}""", 2, "whole number")]
    [InlineData("""{"x":{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "impossible shape")]
    [InlineData("""{"x":{"dtype":"U8","shape":[0,9223372036854775807,2],"data_offsets":[0,0]}}""", 0, "impossible shape")]
    [InlineData("""{"x":{"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,0]}}""", 0, "whole number")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}""", 1, "whole number")]
    [InlineData("""{"x":{"dtype":"F8_E8M0","shape":[1],"data_offsets":[0,1]}}""", 1, "F8_E8M0")]
    [InlineData("""{"x":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}""", 4, "data type 'f32'")]
    [InlineData(
        """{"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1, "twice")]
    [InlineData("""{"x":{"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1, "dtype twice")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1],"data_offsets":[0]}}""", 1, "two data_offsets")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1]}}""", 1, "two data_offsets")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "metadata")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", 0, "twice")]
    [InlineData("""{"x":[[[[[[[[[[[[]]]]]]]]]]]]}""", 0, "x")]
    [InlineData("""{"x":{"more":[[[[[[[[[[[[]]]]]]]]]]]]}}""", 0, "not valid JSON")]
    [InlineData("""{} {}""", 0, "not valid JSON")]
    [InlineData("""[]""", 0, "StartArray")]
    [InlineData("", 0, "not valid JSON")]
    public void Bad_headers_are_refused_with_a_reason(string header, int dataLength, string reason)
    {
        Write(header, new byte[dataLength]);
        var exception = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder["a.safetensors"]));
        Assert.Equal(_folder["a.safetensors"], exception.File);
        Assert.Contains(reason, exception.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("00000000000000")]
    [InlineData("0300000000000000" + "7B7D")]
    [InlineData("FFFFFFFFFFFFFFFF" + "7B7D")]
    [InlineData("0500000000000000" + "7B22FF227D")]
    public void Bad_bytes_are_refused(string hex)
    {
        File.WriteAllBytes(_folder["a.safetensors"], Convert.FromHexString(hex));
        Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(_folder["a.safetensors"]));
    }

    [Fact]
    public void A_file_without_tensors_is_valid()
    {
        SafetensorsWriter.Write(_folder["a.safetensors"], Array.Empty<(string, Tensor)>());
        using var file = SafetensorsFile.Open(_folder["a.safetensors"]);
        Assert.Empty(file.Names);
        Assert.Empty(file.Metadata);
    }

    [Fact]
    public void A_failed_write_leaves_the_old_file()
    {
        File.WriteAllText(_folder["a.safetensors"], "before");
        Tensor disposed = ones(3);
        Assert.ThrowsAny<Exception>(() => SafetensorsWriter.Write(_folder["a.safetensors"], Disposing()));
        Assert.Equal("before", File.ReadAllText(_folder["a.safetensors"]));
        Assert.Equal(["a.safetensors"], Directory.GetFiles(Path.GetDirectoryName(_folder["a"])!).Select(Path.GetFileName));

        IEnumerable<(string, Tensor)> Disposing()
        {
            yield return ("x", disposed);
            yield return ("x", disposed);
        }
    }

    [Fact]
    public void A_shortened_file_is_noticed()
    {
        SafetensorsWriter.Write(_folder["a.safetensors"], [("x", ones(100))]);
        using var file = SafetensorsFile.Open(_folder["a.safetensors"]);
        byte[] bytes = File.ReadAllBytes(_folder["a.safetensors"]);
        try
        {
            File.WriteAllBytes(_folder["a.safetensors"], bytes[..^8]);
        }
        catch (IOException)
        {
            Assert.Skip("This system keeps open files from being written.");
        }

        Assert.Throws<CheckpointException>(() => file.Read("x"));
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private void Write(string header, byte[] data)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        using var stream = File.Create(_folder["a.safetensors"]);
        stream.Write(BitConverter.GetBytes((long)json.Length));
        stream.Write(json);
        stream.Write(data);
    }
}
