extern alias library;
using System.Diagnostics;
using System.Text;
using Xunit;
using FileKind = library::LatentDiffusion.Runtime.RegularFile;

namespace LatentDiffusion.Tests.Files;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_link_stays_and_its_target_is_replaced()
    {
        Directory.CreateDirectory(_folder["far/deep"]);
        File.WriteAllText(_folder["far/image"], "old");
        // The link's target starts at the folder that holds the link, not at the name that led there.
        File.CreateSymbolicLink(_folder["far/deep/link"], "../image");
        Directory.CreateSymbolicLink(_folder["near"], _folder["far/deep"]);
        AtomicFile.Write(_folder["near/link"], "new");
        Assert.Equal("new", File.ReadAllText(_folder["far/image"]));
        Assert.Equal("../image", new FileInfo(_folder["far/deep/link"]).LinkTarget);
        Assert.Equal(["deep", "far", "image", "link", "near"], Names());

        File.CreateSymbolicLink(_folder["dangling"], "missing");
        AtomicFile.Write(_folder["dangling"], "made");
        Assert.Equal("made", File.ReadAllText(_folder["missing"]));
        Assert.Equal("missing", new FileInfo(_folder["dangling"]).LinkTarget);

        File.CreateSymbolicLink(_folder["loop"], "loop");
        Assert.Throws<IOException>(() => AtomicFile.Write(_folder["loop"], "never"));
    }

    [Fact]
    public void Pipes_are_written_directly()
    {
        if (OperatingSystem.IsWindows()) Assert.Skip("Pipes have no path in a folder.");
        using (Process make = Process.Start("mkfifo", [_folder["pipe"]])) make.WaitForExit();
        File.CreateSymbolicLink(_folder["link"], "pipe");
        foreach (string name in (string[])["pipe", "link"])
        {
            using Process reader = Process.Start(new ProcessStartInfo("cat", [_folder["pipe"]]) { RedirectStandardOutput = true })!;
            AtomicFile.Write(_folder[name], $"through the {name}");
            Assert.Equal($"through the {name}", reader.StandardOutput.ReadToEnd());
        }

        Assert.False(FileKind.Is(_folder["pipe"]));
        Assert.Equal(["link", "pipe"], Names());
        AtomicFile.Write("/dev/null", "nothing");
        Assert.False(FileKind.Is("/dev/null"));
    }

    [Fact]
    public void The_next_write_removes_what_a_killed_writer_left()
    {
        string digits = new('a', 32);
        string[] left = [$"image.png.{digits}.tmp"];
        string[] others = ["image.png.tmp", $"other.png.{digits}.tmp", "image.png.notes.tmp", $"image.png.{digits}.tmp.txt"];
        foreach (string name in (string[])[.. left, .. others]) File.WriteAllText(_folder[name], "half");
        AtomicFile.Write(_folder["image.png"], "whole");
        Assert.Equal(((string[])[.. others, "image.png"]).Order(StringComparer.Ordinal), Names());
    }

    [Fact]
    public void Large_folders_are_listed_once_in_a_while()
    {
        for (int i = 0; i < 2 * ListingPace.EntriesPerWrite; i++) File.WriteAllText(_folder[$"{i}"], "");
        Assert.True(LeavesNothing());
        Assert.Equal([false, false, true, false], Enumerable.Range(0, 4).Select(_ => LeavesNothing()));

        bool LeavesNothing()
        {
            string left = _folder[$"a.{new string('a', 32)}.tmp"];
            File.WriteAllText(left, "half");
            AtomicFile.Write(_folder["a"], "whole");
            return !File.Exists(left);
        }
    }

    [Fact]
    public void A_folder_is_refused_before_anything_is_computed()
    {
        Directory.CreateDirectory(_folder["a"]);
        var exception = Assert.Throws<IOException>(
            () => AtomicFile.Write(_folder["a"], _ => Assert.Fail("Nothing can be written.")));
        Assert.Contains("is a folder", exception.Message, StringComparison.Ordinal);
        Assert.Equal(["a"], Names());
    }

    [Fact]
    public void The_file_of_a_live_writer_stays()
    {
        AtomicFile.Write(_folder["a"], outer =>
        {
            outer.Write("outer"u8);
            outer.Flush();
            AtomicFile.Write(_folder["a"], "inner");
            Assert.Equal("inner", File.ReadAllText(_folder["a"]));
            Assert.Equal(2, Names().Length);
        });
        Assert.Equal("outer", File.ReadAllText(_folder["a"]));
        Assert.Equal(["a"], Names());
    }

    [Fact]
    public void Concurrent_writers_of_one_file_leave_a_whole_one()
    {
        byte[][] contents = [.. Enumerable.Range(0, 8).Select(i => Encoding.UTF8.GetBytes(new string((char)('a' + i), 5000)))];
        var options = new ParallelOptions { MaxDegreeOfParallelism = 8 };
        Parallel.For(0, 200, options, i => AtomicFile.Write(_folder["a"], stream => stream.Write(contents[i % 8])));
        Assert.Contains(contents, c => c.AsSpan().SequenceEqual(File.ReadAllBytes(_folder["a"])));
        Assert.Equal(["a"], Names());
    }

    [Fact]
    public void What_was_there_stays_where_writing_fails()
    {
        File.WriteAllText(_folder["a"], "before");
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(_folder["a"], _ => throw new InvalidOperationException()));
        Assert.Equal("before", File.ReadAllText(_folder["a"]));
        Assert.Equal(["a"], Names());
        Assert.Throws<DirectoryNotFoundException>(() => AtomicFile.Write(_folder["missing/a"], ""));
    }

    private string[] Names()
    {
        var options = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = 0 };
        return
        [
            .. Directory.GetFileSystemEntries(_folder[""], "*", options)
                .Where(f => !f.Contains("near/", StringComparison.Ordinal))
                .Select(f => Path.GetFileName(f))
                .Order(StringComparer.Ordinal),
        ];
    }
}
