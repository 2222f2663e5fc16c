using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace LatentDiffusion.Benchmarks;

/// <summary>Reading the bytes of files in a process of its own, with which loading is compared.</summary>
internal static class FileReading
{
    private const string Name = "measure-read";

    /// <summary>The command with which the benchmarks call themselves.</summary>
    public static Command Command()
    {
        var files = new Argument<string[]>("files") { Arity = ArgumentArity.OneOrMore };
        var command = new Command(Name) { files };
        command.Hidden = true;
        command.SetAction(parsed => ChildProcess.Print(Read(parsed.GetValue(files)!)));
        return command;
    }

    /// <summary>Reads files in another process.</summary>
    /// <returns>The time in seconds.</returns>
    public static double ReadElsewhere(params IEnumerable<string> files) => ChildProcess.Run<double>([Name, .. files]);

    /// <summary>Reads whole files in pieces into memory that the process did not use before and keeps until all are read.</summary>
    private static unsafe double Read(string[] files)
    {
        const int PieceLength = 1 << 24;
        var read = new List<nint>();
        double seconds = 0;
        foreach (string path in files)
        {
            using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
            long length = RandomAccess.GetLength(file);
            byte* memory = (byte*)NativeMemory.Alloc((nuint)length);
            read.Add((nint)memory);
            Stopwatch watch = Stopwatch.StartNew();
            for (long position = 0; position < length;)
            {
                var piece = new Span<byte>(memory + position, (int)Math.Min(PieceLength, length - position));
                position += RandomAccess.Read(file, piece, position);
            }

            seconds += watch.Elapsed.TotalSeconds;
        }

        foreach (nint memory in read) NativeMemory.Free((void*)memory);
        return seconds;
    }
}
