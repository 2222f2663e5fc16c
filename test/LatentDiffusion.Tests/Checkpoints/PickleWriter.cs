using System.IO.Compression;
using System.Text;

namespace LatentDiffusion.Tests.Checkpoints;

/// <summary>Writes the part of pickle that <c>torch.save</c> uses for dictionaries of tensors.</summary>
internal sealed class PickleWriter
{
    private readonly MemoryStream _bytes = new();

    public PickleWriter() => Write([0x80, 2]);

    /// <summary>Writes a checkpoint with one storage, whose key is 0.</summary>
    public static void Save(string path, byte[] pickle, byte[] storage, CompressionLevel level)
    {
        File.Delete(path);
        using ZipArchive zip = ZipFile.Open(path, ZipArchiveMode.Create);
        (string, byte[])[] entries = [("a/data.pkl", pickle), ("a/byteorder", "little"u8.ToArray()), ("a/data/0", storage)];
        foreach ((string name, byte[] content) in entries)
        {
            using Stream entry = zip.CreateEntry(name, level).Open();
            entry.Write(content);
        }
    }

    /// <summary>Returns a checkpoint in the format from before PyTorch 1.6.</summary>
    public static byte[] Legacy(byte[] description, string[] keys, params (long Count, byte[] Values)[] storages) =>
        Legacy(description, keys, storages, version: 1001, littleEndian: true);

    /// <summary>Returns such a checkpoint with a chosen header.</summary>
    public static byte[] Legacy(byte[] description, string[] keys, (long Count, byte[] Values)[] storages, short version, bool littleEndian)
    {
        var list = new PickleWriter();
        list.Write("]("u8);
        foreach (string key in keys) list.Text(key);
        list.Write("e"u8);
        var machine = new PickleWriter();
        machine.Write("}"u8);
        machine.Text("little_endian");
        machine.Write([littleEndian ? (byte)0x88 : (byte)0x89, (byte)'s']);
        byte[] magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];
        byte[] format = [0x80, 2, (byte)'M', .. BitConverter.GetBytes(version), (byte)'.'];
        IEnumerable<byte> values = storages.SelectMany(s => BitConverter.GetBytes(s.Count).Concat(s.Values));
        return [.. magic, .. format, .. machine.ToArray(), .. description, .. list.ToArray(), .. values];
    }

    public byte[] ToArray() => [.. _bytes.ToArray(), (byte)'.'];

    public void Dictionary(params (string Key, Action Value)[] items)
    {
        Global("collections", "OrderedDict");
        Write(")R("u8);
        foreach ((string key, Action value) in items)
        {
            Text(key);
            value();
        }

        Write("u"u8);
    }

    public void List(params Action[] items)
    {
        Write("]("u8);
        foreach (Action item in items) item();
        Write("e"u8);
    }

    public void Tensor(string storage, long offset, long[] shape, long[] strides, long count = 6)
    {
        Global("torch._utils", "_rebuild_tensor_v2");
        Storage(storage, count, () => { });
        View(offset, shape, strides);
    }

    /// <summary>Writes a tensor as in files from before PyTorch 1.6.</summary>
    public void LegacyTensor(
        string storage,
        long count,
        long offset,
        long[] shape,
        long[] strides,
        (long First, long Count)? part = null,
        string type = "FloatStorage")
    {
        Global("torch._utils", "_rebuild_tensor_v2");
        Storage(storage, count, () => Part(part), type);
        View(offset, shape, strides);
    }

    /// <summary>Writes a tensor as in files from before PyTorch 0.4.</summary>
    public void OldTensor(string storage, long count, long offset, long[] shape, long[] strides)
    {
        Global("torch._utils", "_rebuild_tensor");
        Storage(storage, count, () => Part(null));
        Integer(offset);
        Tuple(shape);
        Tuple(strides);
        Write("tR"u8);
    }

    private void Storage(string storage, long count, Action part, string type = "FloatStorage")
    {
        Write("(("u8);
        Text("storage");
        Global("torch", type);
        Text(storage);
        Text("cpu");
        Integer(count);
        part();
        Write("tQ"u8);
    }

    private void Part((long First, long Count)? part)
    {
        if (part is not (var first, var count))
        {
            Write("N"u8);
            return;
        }

        Write("("u8);
        Text("part");
        Integer(first);
        Integer(count);
        Write("t"u8);
    }

    private void View(long offset, long[] shape, long[] strides)
    {
        Integer(offset);
        Tuple(shape);
        Tuple(strides);
        Write([0x89]);
        Global("collections", "OrderedDict");
        Write(")RtR"u8);
    }

    public void Parameter(Action tensor)
    {
        Global("torch._utils", "_rebuild_parameter");
        Write("("u8);
        tensor();
        Write([0x88]);
        Global("collections", "OrderedDict");
        Write(")RtR"u8);
    }

    /// <summary>Writes instructions unchanged.</summary>
    public void Raw(ReadOnlySpan<byte> instructions) => Write(instructions);

    public void Integer(long value) => Write([0x8a, 8, .. BitConverter.GetBytes(value)]);

    private void Tuple(long[] values)
    {
        Write("("u8);
        foreach (long value in values) Integer(value);
        Write("t"u8);
    }

    public void Text(string text) => Write([(byte)'X', .. BitConverter.GetBytes(text.Length), .. Encoding.UTF8.GetBytes(text)]);

    private void Global(string module, string name) => Write([(byte)'c', .. Encoding.UTF8.GetBytes($"{module}\n{name}\n")]);

    private void Write(ReadOnlySpan<byte> bytes) => _bytes.Write(bytes);
}
