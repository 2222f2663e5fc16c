using System.Net;
using System.Text.RegularExpressions;
using Xunit;

namespace LatentDiffusion.AspNetCore.Tests.Page;

/// <summary>The page's files as a server sends them.</summary>
public partial class PageFilesTests
{
    [Fact]
    public async Task Only_the_files_of_the_page_answer_without_a_key()
    {
        await using ApiServer server = await ApiServer.StartAsync();
        using HttpClient client = server.CreateClient(key: null);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/")).StatusCode);
        foreach (string path in new[] { "jobs", "jobs/1", "jobs/1/events", "images/1/0.png", "models", "models/first" })
            Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync($"/api/{path}")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.PostAsync("/api/jobs", new StringContent("{}"))).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await client.DeleteAsync("/api/jobs/1")).StatusCode);
    }

    [Fact]
    public async Task Scripts_and_styles_come_from_this_server_only()
    {
        await using ApiServer server = await ApiServer.StartAsync();
        using HttpClient client = server.CreateClient(key: null);
        HttpResponseMessage response = await client.GetAsync("/");
        string policy = response.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'", policy);
        Assert.DoesNotContain("unsafe", policy);
        Assert.DoesNotContain("http", policy);
        foreach ((string path, string text) in await FilesAsync(client))
        {
            Assert.DoesNotMatch("(?i)https?://(?!www.w3.org/2000/svg)", text);
            Assert.DoesNotMatch("(?i)\\sstyle=|\\son[a-z]+=|javascript:|<style|innerHTML|\\beval\\b|import\\(", $"{path}: {text}");
        }
    }

    [Fact]
    public async Task Browsers_keep_scripts_and_ask_again_for_the_page()
    {
        await using ApiServer server = await ApiServer.StartAsync();
        using HttpClient client = server.CreateClient(key: null);
        foreach ((string path, _) in await FilesAsync(client))
        {
            HttpResponseMessage file = await client.GetAsync(path);
            Assert.Equal(path == "/" ? "no-cache" : "public, max-age=31536000, immutable", file.Headers.CacheControl?.ToString());
            using var again = new HttpRequestMessage(HttpMethod.Get, path);
            again.Headers.IfNoneMatch.Add(file.Headers.ETag!);
            Assert.Equal(HttpStatusCode.NotModified, (await client.SendAsync(again)).StatusCode);
        }
    }

    [Fact]
    public async Task The_page_may_have_another_path()
    {
        await using ApiServer server = await ApiServer.StartAsync(pagePath: "/tools/studio");
        using HttpClient client = server.CreateClient(key: null);
        HttpResponseMessage redirected = await client.GetAsync("/tools/studio");
        Assert.Equal("/tools/studio/", redirected.RequestMessage?.RequestUri?.AbsolutePath);
        string text = await redirected.Content.ReadAsStringAsync();
        Assert.Contains("content=\"../../api/\"", text);
        string script = ScriptAddress().Match(text).Groups[1].Value;
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"/tools/studio/{script}")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/")).StatusCode);
    }

    [Theory]
    [InlineData("studio")]
    [InlineData("/{studio}")]
    public async Task Other_paths_are_refused(string path)
    {
        ArgumentException e = await Assert.ThrowsAsync<ArgumentException>(() => ApiServer.StartAsync(pagePath: path));
        Assert.Contains(path, e.Message);
    }

    /// <summary>The page and all that it names, with their texts.</summary>
    private static async Task<Dictionary<string, string>> FilesAsync(HttpClient client)
    {
        var files = new Dictionary<string, string> { ["/"] = await client.GetStringAsync("/") };
        var left = new Queue<string>(Address().Matches(files["/"]).Select(m => $"/{m.Groups[1].Value}"));
        while (left.TryDequeue(out string? path))
        {
            if (files.ContainsKey(path)) continue;
            files[path] = await client.GetStringAsync(path);
            string folder = path[..(path.LastIndexOf('/') + 1)];
            foreach (Match import in Import().Matches(files[path])) left.Enqueue(folder + import.Groups[1].Value);
        }

        Assert.True(files.Count > 15);
        return files;
    }

    [GeneratedRegex("(?:src|href)=\"(studio-[^\"]+)\"")]
    private static partial Regex Address();

    [GeneratedRegex("script type=\"module\" src=\"([^\"]+)\"")]
    private static partial Regex ScriptAddress();

    [GeneratedRegex("from \"\\./([^\"]+)\"")]
    private static partial Regex Import();
}
