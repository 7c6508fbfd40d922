import { useApplication } from "../kit/context.ts";
import { Dialog } from "../ui/parts.tsx";
import { navPages, navPath } from "./sidebar.tsx";

export function Help({ environment, close }: { environment: string | undefined; close(): void }) {
  const { messages } = useApplication();
  const { help, nav } = messages;
  return (
    <Dialog title={help.title} close={close}>
      <dl class="shortcuts">
        <dt>
          <kbd>/</kbd>
        </dt>
        <dd>{help.filter}</dd>
        {navPages
          .filter(({ page }) => navPath(page.path, environment))
          .map(({ page, nav: entry }) => [
            <dt key={page.path}>
              <kbd>g</kbd> {help.thenKey} <kbd>{entry.key}</kbd>
            </dt>,
            <dd key={`${page.path} text`}>{help.goTo(nav[entry.label])}</dd>,
          ])}
        <dt>
          <kbd>?</kbd>
        </dt>
        <dd>{help.help}</dd>
        <dt>
          <kbd>Esc</kbd>
        </dt>
        <dd>{help.close}</dd>
      </dl>
    </Dialog>
  );
}
