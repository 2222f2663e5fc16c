using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using TorchSharp;
using Xunit;
using static TorchSharp.torch;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>
/// Each damaged or malicious checkpoint either throws <see cref="CheckpointException"/> or loads, and no tensor is larger
/// than the file. The mutations are seeded, so a failure can be repeated by its number.
/// </summary>
public sealed class HostileFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly DisposeScope _scope = NewDisposeScope();

    [Fact]
    public void Truncated_safetensors_are_refused_at_every_position()
    {
        byte[] file = Safetensors();
        for (int length = 0; length < file.Length; length++)
            Assert.True(IsRefused(file[..length]), $"cut to {length} of {file.Length} bytes");
        Assert.False(IsRefused(file));
    }

    [Fact]
    public void Truncated_pickles_are_refused_at_every_position()
    {
        byte[] file = Pickle();
        for (int length = 0; length < file.Length; length++)
            Assert.True(IsRefused(file[..length]), $"cut to {length} of {file.Length} bytes");
        Assert.False(IsRefused(file));
    }

    [Fact]
    public void Truncated_legacy_pickles_are_refused_at_every_position()
    {
        byte[] file = Legacy();
        for (int length = 0; length < file.Length; length++)
            Assert.True(IsRefused(file[..length]), $"cut to {length} of {file.Length} bytes");
        Assert.False(IsRefused(file));
    }

    [Fact]
    public void Truncated_gguf_files_are_refused_at_every_position()
    {
        byte[] file = Gguf();
        for (int length = 0; length < file.Length; length++)
            Assert.True(IsRefused(file[..length]), $"cut to {length} of {file.Length} bytes");
        Assert.False(IsRefused(file));
    }

    [Fact]
    public void Mutated_gguf_files_end_in_the_exception_or_a_load()
    {
        byte[] file = Gguf();
        Mutate(file, seed: 5, count: 2500, Mutation.AnyByte);
        // Damage of the header only, which the values would dilute.
        int header = file.Length - 576;
        Mutate(file, seed: 6, count: 2500, (bytes, random) => [.. Mutation.AnyByte(bytes[..header], random), .. bytes[header..]]);
    }

    [Fact]
    public void Claimed_lengths_of_gguf_files_allocate_nothing()
    {
        byte[] file = Gguf();
        ulong[] lengths = [ulong.MaxValue, long.MaxValue, int.MaxValue, 1UL << 40, 1UL << 31, 1 << 28, (ulong)file.Length];
        for (int at = 8; at <= file.Length - 576 - sizeof(ulong); at++)
        {
            byte[] damaged = [.. file];
            BinaryPrimitives.WriteUInt64LittleEndian(damaged.AsSpan(at), lengths[at % lengths.Length]);
            File.WriteAllBytes(_folder["a"], damaged);
            long before = GC.GetAllocatedBytesForCurrentThread();
            try
            {
                GgufFile.Open(_folder["a"]).Dispose();
            }
            catch (CheckpointException)
            {
                // Most are refused; some change a value.
            }

            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 * file.Length);
        }
    }

    [Fact]
    public void Mutated_safetensors_throw_or_load() => Mutate(Safetensors(), seed: 1, count: 5000, Mutation.AnyByte);

    [Fact]
    public void Mutated_headers_throw_or_load()
    {
        byte[] file = Safetensors();
        int headerLength = (int)BinaryPrimitives.ReadInt64LittleEndian(file);
        string header = Encoding.UTF8.GetString(file, 8, headerLength);
        string[] tokens =
        [
            "-1", "0", "1", "18446744073709551616", "9223372036854775807", "4294967296", "1e9", "\"F8_E4M3\"", "\"F64\"", "\"BOOL\"",
            "null", "[]", "{}", "[[[[[[[[[[", "\"x\":", ",", "}", "\"__metadata__\"", "\ud83d\ude00", "\\u0000", "\\ud800",
        ];
        for (int seed = 0; seed < 4000; seed++)
        {
            var random = new Random(seed);
            int start = random.Next(header.Length), end = Math.Min(header.Length, start + random.Next(12));
            string mutated = header[..start] + tokens[random.Next(tokens.Length)] + header[end..];
            byte[] json = Encoding.UTF8.GetBytes(mutated);
            byte[] prefix = new byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(prefix, json.Length);
            Try([.. prefix, .. json, .. file.AsSpan(8 + headerLength)], seed);
        }
    }

    [Fact]
    public void Mutated_pickles_throw_or_load() => Mutate(Pickle(), seed: 2, count: 4000, Mutation.AnyByte);

    [Fact]
    public void Mutated_legacy_pickles_throw_or_load()
    {
        byte[] file = Legacy();
        Mutate(file, seed: 3, count: 2000, Mutation.AnyByte);
        Mutate(file, seed: 4, count: 4000, Mutation.Instruction);
    }

    [Fact]
    public void Mutated_pickle_descriptions_with_valid_checksums_throw_or_load()
    {
        byte[] pickle = Description();
        for (int seed = 0; seed < 4000; seed++)
        {
            byte[] mutated = Mutation.Instruction(pickle, new Random(seed));
            PickleWriter.Save(_folder["a"], mutated, new byte[24], CompressionLevel.NoCompression);
            Try(File.ReadAllBytes(_folder["a"]), seed);
        }
    }

    /// <summary>With mapped memory this would end the process.</summary>
    [Fact]
    public void A_file_that_is_truncated_while_it_is_read_ends_in_the_exception()
    {
        SafetensorsWriter.Write(_folder["whole"], [("x", zeros(1 << 21)), ("y", zeros(1 << 21, ScalarType.Float16))]);
        int refused = 0;
        for (int i = 0; i < 12; i++)
        {
            File.Copy(_folder["whole"], _folder["a"], overwrite: true);
            using ITensorSource source = Checkpoint.Open(_folder["a"]);
            Tensor x = empty(1 << 21), y = empty(1 << 21);
            var truncation = new Thread(() =>
            {
                using var stream = new FileStream(_folder["a"], FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                stream.SetLength(stream.Length / 2);
            });
            truncation.Start();
            try
            {
                source.ReadInto("x", x);
                truncation.Join();
                source.ReadInto("x", x);
                source.ReadInto("y", y);
            }
            catch (CheckpointException e)
            {
                Assert.Contains("shortened", e.Message, StringComparison.Ordinal);
                refused++;
            }

            truncation.Join();
        }

        Assert.Equal(12, refused);
    }

    [Fact]
    public void A_failed_load_leaves_the_network_unchanged()
    {
        using var network = nn.Linear(3, 2);
        byte[] before = network.weight!.bytes.ToArray();
        SafetensorsWriter.Write(_folder["whole"], network.state_dict().Select(p => (p.Key, zeros_like(p.Value))));
        byte[] file = File.ReadAllBytes(_folder["whole"]);
        for (int seed = 0; seed < 500; seed++)
        {
            byte[] mutated = Mutation.AnyByte(file[..^24], new Random(seed));
            File.WriteAllBytes(_folder["a"], [.. mutated, .. file[^23..]]);
            Assert.Throws<CheckpointException>(() => StateDict.Load(network, _folder["a"]));
        }

        Assert.Equal(before, network.weight.bytes.ToArray());
    }

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    private void Mutate(byte[] file, int seed, int count, Func<byte[], Random, byte[]> mutation)
    {
        for (int i = 0; i < count; i++) Try(mutation(file, new Random(seed * 1_000_000 + i)), i);
    }

    private bool IsRefused(byte[] file)
    {
        File.WriteAllBytes(_folder["a"], file);
        try
        {
            using ITensorSource source = Checkpoint.Open(_folder["a"]);
            foreach (TensorEntry entry in source.Entries)
            {
                Assert.InRange(entry.ByteLength, 0, file.Length);
                using Tensor tensor = source.Read(entry.Name);
                // float8 and blocks are widened to four bytes per value; all other values keep their size.
                long size = tensor.NumberOfElements * tensor.ElementSize;
                long blocks = source is GgufFile gguf && gguf.TypeOf(entry.Name) is { IsQuantized: true } type
                    ? tensor.NumberOfElements / type.BlockElements * type.BlockBytes
                    : 0;
                Assert.True(size == entry.ByteLength || size == 4 * entry.ByteLength || blocks == entry.ByteLength, entry.ToString());
            }

            return false;
        }
        catch (CheckpointException)
        {
            return true;
        }
    }

    private void Try(byte[] file, int number)
    {
        try
        {
            _ = IsRefused(file);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"Mutation {number} ended in something else.", e);
        }
    }

    private byte[] Safetensors()
    {
        SafetensorsWriter.Write(
            _folder["s"],
            [
                ("a", arange(6, ScalarType.Float32).view(2, 3)), ("b", ones(5, ScalarType.Bool)), ("c", ones(2, 2, ScalarType.Float16)),
                ("d", tensor(3L)), ("e", zeros(0, 3)),
            ],
            new Dictionary<string, string> { ["format"] = "pt" });
        return File.ReadAllBytes(_folder["s"]);
    }

    private byte[] Gguf()
    {
        GgufWriter.Write(
            _folder["g"],
            [
                new("a", arange(6, ScalarType.Float32).view(2, 3), GgufType.F32), new("b", ones(3), GgufType.BF16),
                new("c", ones(2, 3, 32), GgufType.Q5_0), new("d", tensor(3L), GgufType.I64), new("e", ones(4, 256), GgufType.Q4_K),
            ],
            new Dictionary<string, object>
            {
                ["general.architecture"] = "flux", ["flag"] = true, ["words"] = new[] { "a", "", "ccc" }, ["numbers"] = new[] { 1.5f, 2 },
            });
        return File.ReadAllBytes(_folder["g"]);
    }

    private byte[] Pickle()
    {
        PickleWriter.Save(_folder["p"], Description(), arange(6, ScalarType.Float32).bytes.ToArray(), CompressionLevel.NoCompression);
        return File.ReadAllBytes(_folder["p"]);
    }

    private static byte[] Legacy()
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(
            ("a", () => pickle.LegacyTensor("0", 6, 0, [2, 3], [3, 1])),
            ("b", () => pickle.Parameter(() => pickle.LegacyTensor("0", 6, 0, [3, 2], [1, 3]))),
            ("c", () => pickle.OldTensor("1", 2, 1, [], [])),
            ("d", () => pickle.LegacyTensor("0", 6, 0, [2], [1], part: (2, 2))));
        return PickleWriter.Legacy(
            pickle.ToArray(), ["1", "0"], (2, new byte[8]), (6, arange(6, ScalarType.Float32).bytes.ToArray()));
    }

    private static byte[] Description()
    {
        var pickle = new PickleWriter();
        pickle.Dictionary(
            ("a", () => pickle.Tensor("0", 0, [2, 3], [3, 1])),
            ("b", () => pickle.Parameter(() => pickle.Tensor("0", 0, [3, 2], [1, 3]))),
            ("c", () => pickle.Dictionary(("d", () => pickle.Tensor("0", 5, [], [])), ("e", () => pickle.Integer(7)))));
        return pickle.ToArray();
    }
}
