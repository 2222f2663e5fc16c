using Microsoft.Playwright;

namespace LatentDiffusion.AspNetCore.BrowserTests;

/// <summary>The page in Debian's Chromium, with all that the browser complains about.</summary>
internal sealed class StudioPage : IAsyncDisposable
{
    public const int Phone = 390, Desktop = 1440;

    private const string Chromium = "/usr/bin/chromium";

    private readonly IPlaywright _playwright;
    private readonly IBrowser _browser;

    private StudioPage(IPlaywright playwright, IBrowser browser, IPage page) => (_playwright, _browser, Page) = (playwright, browser, page);

    public IPage Page { get; }

    /// <summary>Errors and warnings of the console, exceptions, and requests to other servers.</summary>
    public List<string> Complaints { get; } = [];

    /// <summary>Opens a page; skips the test where there is no Chromium.</summary>
    public static async Task<StudioPage> OpenAsync(string url, int width, ColorScheme scheme = ColorScheme.Light)
    {
        if (!File.Exists(Chromium)) Assert.Skip($"The test needs {Chromium}, for example of Debian's package chromium.");
        IPlaywright playwright = await Playwright.CreateAsync();
        IBrowser browser = await playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Chromium,
            Args =
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync",
            ],
        });
        IBrowserContext context = await browser.NewContextAsync(new BrowserNewContextOptions
        {
            ViewportSize = new ViewportSize { Width = width, Height = width == Phone ? 844 : 900 },
            HasTouch = width == Phone, ColorScheme = scheme, ReducedMotion = ReducedMotion.Reduce,
        });
        IPage page = await context.NewPageAsync();
        page.SetDefaultTimeout(60_000);
        // Five seconds by default, in which a busy machine may not draw an image.
        Assertions.SetDefaultExpectTimeout(60_000);
        var studio = new StudioPage(playwright, browser, page);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning") studio.Complaints.Add($"{message.Type}: {message.Text}");
        };
        page.PageError += (_, error) => studio.Complaints.Add($"exception: {error}");
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(url) && !request.Url.StartsWith("blob:")) studio.Complaints.Add($"request: {request.Url}");
        };
        await page.GotoAsync(url);
        return studio;
    }

    public async Task GenerateAsync(string prompt, params (string Label, string Value)[] settings)
    {
        // Small screens show the settings only on demand.
        if (!await Page.GetByLabel("Steps").IsVisibleAsync()) await Page.GetByText("Settings", new() { Exact = true }).ClickAsync();
        await Page.GetByLabel("Prompt", new() { Exact = true }).FillAsync(prompt);
        foreach ((string label, string value) in settings) await Page.GetByLabel(label, new() { Exact = true }).FillAsync(value);
        await Page.Keyboard.PressAsync("Control+Enter");
    }

    /// <summary>Waits until the gallery has a number of images.</summary>
    public Task HasImagesAsync(int count) =>
        Assertions.Expect(Page.Locator("#images .tile img")).ToHaveCountAsync(count, new() { Timeout = 60_000 });

    /// <summary>How far the page is wider than the window.</summary>
    public Task<int> OverflowAsync() => Page.EvaluateAsync<int>("document.documentElement.scrollWidth - innerWidth");

    /// <summary>The pixels of the image in the viewer.</summary>
    public async Task<byte[]> ShownPixelsAsync() => Convert.FromBase64String(await Page.EvaluateAsync<string>(
        """
        async () => {
          const image = document.getElementById("viewer-image");
          await image.decode();
          const canvas = document.createElement("canvas");
          [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
          const context = canvas.getContext("2d");
          context.drawImage(image, 0, 0);
          let text = "";
          for (const byte of context.getImageData(0, 0, canvas.width, canvas.height).data) text += String.fromCharCode(byte);
          return btoa(text);
        }
        """));

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
